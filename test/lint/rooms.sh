#!/bin/bash
# Includes run one way, from room to room; src/ and enclave/ meet only in
# src/wire; OpenSSL, its like, PostgreSQL and sockets stay where they belong.
set -uo pipefail

# room: the rooms it may include beside itself and wire.  A file at the top of
# a tree is a room of its own name.
declare -A src=(
	[evcrypt]="plan redact exec copy label sqlfn type batch client guc compat"
	[redact]="batch client guc compat"
	[plan]="exec batch guc compat"
	[exec]="batch guc compat"
	[copy]="label batch type guc warning compat"
	[label]="type value compat"
	[sqlfn]="type batch client guc compat"
	[json]="value client compat"
	[batch]="json type value client guc compat"
	[value]="client warning compat"
	[type]="client compat"
	[client]="attest guc compat"
	[guc]="attest compat"
	[warning]=""
	[compat]=""
	[attest]=""
	[wire]=""
	[cli]="attest"
)
declare -A enclave=(
	[main]="config attest net sched rpc audit policy keyring custody crypto tls fortress base"
	[ctl]="config attest cert audit policy keyring custody crypto tls base"
	[net]="config attest sched rpc audit policy keyring tls fortress base"
	[sched]="base"
	[rpc]="config attest audit policy keyring custody crypto tls base"
	[tls]="config base"
	[keyring]="custody audit crypto base"
	[custody]="config attest crypto base"
	[policy]="base"
	[audit]="base"
	[crypto]="base"
	[fortress]="base"
	[config]="attest base"
	[attest]="cert base"
	[cert]="base"
	[base]=""
	[image]="base"
)

# Files that may include <openssl/...>.
openssl='^(src/client/tls|src/attest/|src/cli/check_tls\.c|enclave/crypto/|enclave/tls/|enclave/base/secret(_freed)?\.|enclave/keyring/(store|wrap)\.|enclave/audit/chain\.c|enclave/policy/(principal|token_key)\.|enclave/(attest/measure|cert/cert|ctl/(attest|keyfile)|custody/kms_envelope)\.c)'
# Files that may include the other cryptographic libraries.
libraries='^enclave/crypto/(aead_ipsec_mb|agree_secp256k1|agree_crypto_mb)\.c$'
# Files that may include the libraries of credentials.
tokens='^enclave/policy/token(_key)?\.c$'
# Files that may include JSON's library.
json='^enclave/(policy/token(_key)?|custody/kms_answer)\.c$'
# Files that may include what speaks to devices that keep keys.
devices='^enclave/custody/(tpm|pkcs11|kms_curl)'
# Files that may speak to devices: an enclave's security module, or a network's.
modules='^enclave/(attest/nsm|fortress/calls|image/init)\.c$'
# The file that may include the library of system call filters.
filters='^enclave/fortress/calls\.c$'
# Files that may include CBOR's library.
cbor='^(src/attest/cbor|enclave/attest/(cbor_write|nsm))\.c$'
# Files that may include socket headers.
sockets='^(src/client/|enclave/(net|tls|ctl|image)/)'

bad=0
complain() { echo "$1: includes $2: $3"; bad=1; }

# Of a path below its tree, into $room.  Files beside the rooms are rooms of their
# own, with what comes after an underscore.
set_room()
{
	case $1 in
	*/*) room=${1%%/*} ;;
	*) room=${1%.*} room=${room%%_*} ;;
	esac
}

check_ours() # file tree room target
{
	local file=$1 tree=$2 mine=$3 target=$4 room other
	set_room "$target"
	other=$room room=$mine
	if [ ! -e "$tree/$target" ] && [ -e "src/$target" ]; then
		[ "$other" = wire ] || { complain "$file" "$target" "the trees meet only in src/wire"; return; }
	elif [ ! -e "$tree/$target" ]; then
		complain "$file" "$target" "src/ does not look into enclave/"
		return
	fi
	[ "$other" = "$room" ] || [ "$other" = wire ] && return
	local allowed
	if [ "$tree" = src ]; then allowed=${src[$room]}; else allowed=${enclave[$room]}; fi
	[[ " $allowed " == *" $other "* ]] ||
		complain "$file" "$target" "room $room may include only: ${allowed:-nothing} wire"
	# Of the client, the type knows the error report alone.
	[ "$tree/$room" != src/type ] || [ "$other" != client ] || [ "$target" = client/report.h ] ||
		complain "$file" "$target" "the type knows client/report.h alone"
}

check_foreign() # file tree room target
{
	case $4 in
	openssl/*) [[ $1 =~ $openssl ]] || complain "$1" "$4" "OpenSSL is not for this file" ;;
	intel-ipsec-mb.h | secp256k1*.h | crypto_mb/*)
		[[ $1 =~ $libraries ]] || complain "$1" "$4" "one file knows this library" ;;
	jansson.h) [[ $1 =~ $json ]] || complain "$1" "$4" "JSON is not for this file" ;;
	cjose/*) [[ $1 =~ $tokens ]] || complain "$1" "$4" "credentials are not for this file" ;;
	tss2/* | *pkcs11* | p11-kit/* | dlfcn.h | curl/*) [[ $1 =~ $devices ]] || complain "$1" "$4" "devices are not for this file" ;;
	linux/nsm.h | sys/ioctl.h) [[ $1 =~ $modules ]] || complain "$1" "$4" "security modules are not for this file" ;;
	seccomp.h) [[ $1 =~ $filters ]] || complain "$1" "$4" "one file knows this library" ;;
	cbor.h | cbor/*) [[ $1 =~ $cbor ]] || complain "$1" "$4" "one file knows this library" ;;
	sys/socket.h | netinet/* | arpa/* | netdb.h | sys/epoll.h)
		[[ $1 =~ $sockets ]] || [ "$1" = enclave/main.c ] ||
			complain "$1" "$4" "sockets are not for this file" ;;
	esac
}

count=0
while IFS= read -r file; do
	tree=${file%%/*}
	set_room "${file#*/}"
	if [ "$tree" = src ]; then known=${src[$room]+yes}; else known=${enclave[$room]+yes}; fi
	if [ -z "$known" ]; then
		echo "$file: room $room is not in the table"
		bad=1
		continue
	fi
	count=$((count + 1))
	while IFS= read -r line; do
		[[ $line =~ [\"\<]([^\">]*)[\"\>] ]] || continue
		target=${BASH_REMATCH[1]}
		if [[ $line == *'"'* ]] && { [ -e "src/$target" ] || [ -e "enclave/$target" ]; }; then
			check_ours "$file" "$tree" "$room" "$target"
		elif [[ $line == *'"'* ]] && { [ "$tree" = enclave ] || [ "$room" = wire ] || [ "$room" = attest ]; }; then
			complain "$file" "$target" "no such header here, and PostgreSQL's are not for this tree"
		else
			check_foreign "$file" "$tree" "$room" "$target"
		fi
	done < <(grep -hE '^[[:space:]]*#[[:space:]]*include' "$file")
	if [ "$tree" = enclave ] || [ "$room" = wire ] || [ "$room" = attest ]; then
		if grep -nE '\b(ereport|elog|palloc|pfree)[[:space:]]*\(' "$file"; then
			complain "$file" "PostgreSQL" "its functions are not for this tree"
		fi
	fi
done < <(find src enclave -name build -prune -o -name '*.[ch]' -print | sort)
[ $bad = 0 ] && echo "$count files"
exit $bad
