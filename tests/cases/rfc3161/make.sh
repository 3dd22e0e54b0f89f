#!/bin/sh
# Makes the test authority's certificates and tokens of this folder with the `openssl` command
# (3.0 or later). Run it in an empty folder; the keys are left behind and thrown away, so every
# run makes other bytes. The README beside it says what each file is for.
set -eu

printf 'a minister said this\n' > stamped.txt

cat > ca.cnf <<'CNF'
[ca]
default_ca = test
[test]
database = index.txt
serial = serial.txt
new_certs_dir = .
default_md = default
policy = any
unique_subject = no
copy_extensions = none
[any]
commonName = supplied
[root]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[root_short]
basicConstraints = critical, CA:true, pathlen:0
keyUsage = critical, keyCertSign
[intermediate]
basicConstraints = critical, CA:true, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[constrained]
basicConstraints = critical, CA:true
nameConstraints = permitted;DNS:example.org
[not_authority]
basicConstraints = critical, CA:false
keyUsage = critical, keyCertSign
[no_signing]
basicConstraints = critical, CA:true
keyUsage = critical, cRLSign
[tsa]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
subjectKeyIdentifier = hash
[tsa_not_critical]
extendedKeyUsage = timeStamping
[tsa_and_server]
extendedKeyUsage = critical, timeStamping, serverAuth
[server]
extendedKeyUsage = serverAuth
subjectAltName = DNS:example.org, DNS:www.example.org
[tsa_unknown_critical]
extendedKeyUsage = critical, timeStamping
1.2.3.4 = critical, ASN1:NULL
CNF

: > index.txt
echo 01 > serial.txt

# key NAME ALGORITHM OPTIONS…
key() {
    name=$1
    shift
    openssl genpkey -out "$name.key" "$@" 2>/dev/null
}
# root NAME SECTION: a certificate signed by its own key.
root() {
    openssl req -new -x509 -key "$1.key" -subj "/CN=test $1" -days 36500 -config ca.cnf \
        -extensions "$2" -out "$1.pem"
}
# issue NAME ISSUER SECTION START END OPTIONS…: a certificate by an issuer.
issue() {
    name=$1 issuer=$2 section=$3 start=$4 end=$5
    shift 5
    openssl req -new -key "$name.key" -subj "/CN=test $name" -out request.pem -config ca.cnf
    openssl ca -batch -config ca.cnf -notext -in request.pem -cert "$issuer.pem" \
        -keyfile "$issuer.key" -extensions "$section" -startdate "$start" -enddate "$end" \
        -out "$name.pem" "$@" 2>/dev/null
}
rsa() { key "$1" -algorithm RSA -pkeyopt rsa_keygen_bits:2048; }
ec() { key "$1" -algorithm EC -pkeyopt "ec_paramgen_curve:$2"; }

printf '[req]\ndistinguished_name = dn\n[dn]\n' >> ca.cnf
FROM=20200101000000Z TO=20991231235959Z

rsa root-rsa; root root-rsa root
ec root-ec P-384; root root-ec root
ec root-short P-256; root root-short root_short
ec root-constrained P-256; root root-constrained constrained
ec root-other P-256; root root-other root
key root-ed25519 -algorithm ed25519; root root-ed25519 root

rsa middle-rsa; issue middle-rsa root-rsa intermediate $FROM $TO
ec middle-short P-256; issue middle-short root-short intermediate $FROM $TO
ec middle-no-authority P-256; issue middle-no-authority root-ec not_authority $FROM $TO
ec middle-no-signing P-256; issue middle-no-signing root-ec no_signing $FROM $TO

rsa tsa-rsa; issue tsa-rsa middle-rsa tsa $FROM $TO -sigopt rsa_padding_mode:pss
ec tsa-ec P-256; issue tsa-ec root-ec tsa $FROM $TO
ec tsa-by-ed25519 P-256; issue tsa-by-ed25519 root-ed25519 tsa $FROM $TO
ec tsa-expired P-256; issue tsa-expired root-ec tsa 20200101000000Z 20210101000000Z
ec tsa-not-critical P-256; issue tsa-not-critical root-ec tsa_not_critical $FROM $TO
ec tsa-and-server P-256; issue tsa-and-server root-ec tsa_and_server $FROM $TO
ec server P-256; issue server root-ec server $FROM $TO
ec tsa-unknown-critical P-256; issue tsa-unknown-critical root-ec tsa_unknown_critical $FROM $TO
ec tsa-short P-256; issue tsa-short middle-short tsa $FROM $TO
ec tsa-constrained P-256; issue tsa-constrained root-constrained tsa $FROM $TO
ec tsa-no-authority P-256; issue tsa-no-authority middle-no-authority tsa $FROM $TO
ec tsa-no-signing P-256; issue tsa-no-signing middle-no-signing tsa $FROM $TO

cat > ts.cnf <<'CNF'
[tsa]
default_tsa = test
[test]
serial = ts-serial.txt
crypto_device = builtin
default_policy = 1.2.3.4.1
digests = sha256, sha512
accuracy = secs:1, millisecs:500, microsecs:100
clock_precision_digits = 6
ordering = yes
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = sha256
signer_digest = sha256
CNF
sed 's/^ess_cert_id_alg.*/ess_cert_id_alg = sha1/; s/^accuracy.*//; s/^signer_digest.*/signer_digest = sha512/' \
    ts.cnf > ts-sha1.cnf
echo 01 > ts-serial.txt

openssl ts -query -data stamped.txt -sha256 -cert -out query.tsq 2>/dev/null
openssl ts -query -data stamped.txt -sha256 -no_nonce -out query-no-certificate.tsq 2>/dev/null
openssl ts -query -data stamped.txt -sha512 -cert -out query-sha512.tsq 2>/dev/null
openssl ts -query -data stamped.txt -sha1 -cert -out query-sha1.tsq 2>/dev/null

# reply OUT QUERY SIGNER CONFIG OPTIONS…
reply() {
    out=$1 query=$2 signer=$3 config=$4
    shift 4
    openssl ts -reply -config "$config" -queryfile "$query" -signer "$signer.pem" \
        -inkey "$signer.key" -out "$out" "$@" 2>/dev/null
}
reply rsa.tsr query.tsq tsa-rsa ts.cnf -chain middle-rsa.pem
reply rsa.token query.tsq tsa-rsa ts.cnf -chain middle-rsa.pem -token_out
reply rsa-sha1-binding.tsr query.tsq tsa-rsa ts-sha1.cnf -chain middle-rsa.pem
reply rsa-no-certificate.tsr query-no-certificate.tsq tsa-rsa ts.cnf
reply ec.tsr query.tsq tsa-ec ts.cnf
reply ec-sha512.tsr query-sha512.tsq tsa-ec ts.cnf
reply expired.tsr query.tsq tsa-expired ts.cnf
reply rejected.tsr query-sha1.tsq tsa-ec ts.cnf || true

# What `openssl ts` refuses to sign, `openssl cms` signs: the content of a good token again.
# content OUT CONFIG
content() {
    reply ec.token query.tsq tsa-ec "$2" -token_out
    openssl cms -verify -noverify -inform DER -in ec.token -binary -out "$1" 2>/dev/null
}
content named.der ts.cnf
sed 's/^tsa_name.*//' ts.cnf > ts-unnamed.cnf
content content.der ts-unnamed.cnf
# again OUT SIGNER OPTIONS…
again() {
    out=$1 signer=$2
    shift 2
    openssl cms -sign -binary -nodetach -nosmimecap -cades -in "$content" -outform DER \
        -econtent_type 1.2.840.113549.1.9.16.1.4 -md sha256 -signer "$signer.pem" \
        -inkey "$signer.key" -out "$out" "$@"
}
content=named.der
again other-name.token tsa-by-ed25519
content=content.der
again not-critical.token tsa-not-critical
again and-server.token tsa-and-server
again server.token server
again unknown-critical.token tsa-unknown-critical
again by-ed25519.token tsa-by-ed25519
again pss.token tsa-rsa -keyopt rsa_padding_mode:pss -certfile middle-rsa.pem
again key-identifier.token tsa-ec -keyid
again too-deep.token tsa-short -certfile middle-short.pem
again constrained.token tsa-constrained
again no-authority.token tsa-no-authority -certfile middle-no-authority.pem
again no-signing.token tsa-no-signing -certfile middle-no-signing.pem
again two-signers.token tsa-ec -signer tsa-rsa.pem -inkey tsa-rsa.key
openssl cms -sign -binary -nodetach -nosmimecap -in content.der -outform DER -md sha256 \
    -econtent_type 1.2.840.113549.1.9.16.1.4 -signer tsa-ec.pem -inkey tsa-ec.key \
    -out not-bound.token
openssl cms -sign -binary -nodetach -nosmimecap -cades -in content.der -outform DER -md sha256 \
    -signer tsa-ec.pem -inkey tsa-ec.key -out other-content.token

# What the tests read stays; keys, requests and the rest go.
mkdir kept
mv stamped.txt ./*.tsr ./*.token root-*.pem middle-rsa.pem server.pem tsa-rsa.pem kept/
rm -f kept/ec.token
find . -maxdepth 1 -type f -exec rm {} +
mv kept/* .
rmdir kept
