# Optional libraries: cryptography, and devices that keep keys.  Each is used where this compiler finds its
# header and can link it, unless WITHOUT names it:
#
#   make WITHOUT="ipsec-mb secp256k1 crypto-mb tpm pkcs11 kms"
#
# Included by every Makefile that compiles or links E3's objects.  Sets
# LIBRARIES (names of those found), LIBRARY_DEFINES, LIBRARY_LIBS, and
# LIBRARY_MISSING (sources to leave out).
WITHOUT ?=

# $(call probe,name,header,symbol,libraries): the name, if all of that is there.
probe = $(if $(filter $(1),$(WITHOUT)),,$(shell \
	echo 'int main(void) { return (void *) &$(3) == 0; }' | \
	$(CC) -w -include $(2) -x c - -o /dev/null $(4) 2>/dev/null && echo $(1)))

TPM_LIBS = -ltss2-esys -ltss2-mu -ltss2-tctildr

# Of PKCS #11 only the header is wanted, which Debian keeps in a folder of p11-kit's;
# modules are loaded when E3 runs.
P11KIT := $(firstword $(wildcard /usr/include/p11-kit-1) .)
# libcurl likewise, of which a KMS is asked through.
LOAD_LIBS = -ldl

LIBRARIES := $(strip \
	$(call probe,ipsec-mb,intel-ipsec-mb.h,init_mb_mgr_auto,-lIPSec_MB) \
	$(call probe,secp256k1,secp256k1_ecdh.h,secp256k1_ecdh,-lsecp256k1) \
	$(call probe,crypto-mb,crypto_mb/ec_nistp256.h,mbx_nistp256_ecdh_mb8,-lcrypto_mb -lcrypto) \
	$(call probe,tpm,tss2/tss2_tctildr.h,Tss2_TctiLdr_Initialize,$(TPM_LIBS)) \
	$(call probe,pkcs11,dlfcn.h -include $(P11KIT)/p11-kit/pkcs11.h,dlopen,$(LOAD_LIBS)) \
	$(call probe,kms,dlfcn.h -include curl/curl.h,dlopen,$(LOAD_LIBS)))

# $(call where,name,value,otherwise)
where = $(if $(filter $(1),$(LIBRARIES)),$(2),$(3))

# libsecp256k1 cannot be asked for its version, but its pkg-config file can.
SECP256K1_VERSION := $(call where,secp256k1,$(shell \
	sed -n 's/^Version: *//p' "$$($(CC) -print-file-name=pkgconfig/libsecp256k1.pc)" 2>/dev/null))

LIBRARY_DEFINES = $(call where,ipsec-mb,-DE3_WITH_IPSEC_MB) \
	$(call where,secp256k1,-DE3_WITH_SECP256K1='"$(SECP256K1_VERSION)"') \
	$(call where,crypto-mb,-DE3_WITH_CRYPTO_MB) $(call where,tpm,-DE3_WITH_TPM) \
	$(call where,pkcs11,-DE3_WITH_PKCS11 -isystem $(P11KIT)) $(call where,kms,-DE3_WITH_KMS)
# The fortress's own is not optional.
LIBRARY_LIBS = -lseccomp $(call where,ipsec-mb,-lIPSec_MB) $(call where,secp256k1,-lsecp256k1) \
	$(call where,crypto-mb,-lcrypto_mb) $(call where,tpm,$(TPM_LIBS)) \
	$(if $(filter pkcs11 kms,$(LIBRARIES)),$(LOAD_LIBS))
LIBRARY_MISSING = $(call where,ipsec-mb,,%crypto/aead_ipsec_mb.c) \
	$(call where,secp256k1,,%crypto/agree_secp256k1.c) \
	$(call where,crypto-mb,,%crypto/agree_crypto_mb.c) \
	$(call where,tpm,,%custody/tpm.c %custody/tpm_session.c) \
	$(call where,pkcs11,,%custody/pkcs11.c %custody/pkcs11_token.c) \
	$(call where,kms,,%custody/kms.c %custody/kms_curl.c %custody/kms_http.c)
