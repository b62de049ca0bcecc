# Optional cryptographic libraries.  Each is used where this compiler finds its
# header and can link it, unless WITHOUT names it:
#
#   make WITHOUT="ipsec-mb secp256k1 crypto-mb"
#
# Included by every Makefile that compiles or links E3's objects.  Sets
# LIBRARIES (names of those found), LIBRARY_DEFINES, LIBRARY_LIBS, and
# LIBRARY_MISSING (sources to leave out).
WITHOUT ?=

# $(call probe,name,header,symbol,libraries): the name, if all of that is there.
probe = $(if $(filter $(1),$(WITHOUT)),,$(shell \
	echo 'int main(void) { return (void *) &$(3) == 0; }' | \
	$(CC) -w -include $(2) -x c - -o /dev/null $(4) 2>/dev/null && echo $(1)))

LIBRARIES := $(strip \
	$(call probe,ipsec-mb,intel-ipsec-mb.h,init_mb_mgr_auto,-lIPSec_MB) \
	$(call probe,secp256k1,secp256k1_ecdh.h,secp256k1_ecdh,-lsecp256k1) \
	$(call probe,crypto-mb,crypto_mb/ec_nistp256.h,mbx_nistp256_ecdh_mb8,-lcrypto_mb -lcrypto))

# $(call where,name,value,otherwise)
where = $(if $(filter $(1),$(LIBRARIES)),$(2),$(3))

# libsecp256k1 cannot be asked for its version, but its pkg-config file can.
SECP256K1_VERSION := $(call where,secp256k1,$(shell \
	sed -n 's/^Version: *//p' "$$($(CC) -print-file-name=pkgconfig/libsecp256k1.pc)" 2>/dev/null))

LIBRARY_DEFINES = $(call where,ipsec-mb,-DE3_WITH_IPSEC_MB) \
	$(call where,secp256k1,-DE3_WITH_SECP256K1='"$(SECP256K1_VERSION)"') \
	$(call where,crypto-mb,-DE3_WITH_CRYPTO_MB)
# The fortress's own is not optional.
LIBRARY_LIBS = -lseccomp $(call where,ipsec-mb,-lIPSec_MB) $(call where,secp256k1,-lsecp256k1) \
	$(call where,crypto-mb,-lcrypto_mb)
LIBRARY_MISSING = $(call where,ipsec-mb,,%crypto/aead_ipsec_mb.c) \
	$(call where,secp256k1,,%crypto/agree_secp256k1.c) \
	$(call where,crypto-mb,,%crypto/agree_crypto_mb.c)
