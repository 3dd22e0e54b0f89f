"""Made the signed messages and key records of this folder with other people's tools, once.

    pip install dkimpy==1.1.8 pynacl && python3 make.py

The messages are Python's own (`email.message`), the signatures dkimpy's, the RSA key openssl's.
The private keys were thrown away. `rfc*.eml` and `rfc*.txt` are not made here: they are the
examples of RFC 6376 appendix A.2 (with errata 3192 and 4926) and RFC 8463 appendix A.
"""

import base64
import subprocess
from email.message import EmailMessage
from email.policy import SMTP

import dkim
import nacl.signing

SIGNED_AT = 1_700_000_000
dkim.time.time = lambda: SIGNED_AT

ALL = ["from", "to", "subject", "date", "message-id", "mime-version", "content-type",
       "content-transfer-encoding"]
OVER = ALL + ALL[:4]


def openssl(*arguments, given=None):
    return subprocess.run(["openssl", *arguments], input=given, capture_output=True, check=True).stdout


def rsa_key(bits=2048):
    private = openssl("genrsa", "-traditional", str(bits))
    public = openssl("rsa", "-pubout", "-outform", "DER", given=private)
    return private, "v=DKIM1; k=rsa; p=" + base64.b64encode(public).decode()


def ed25519_key():
    key = nacl.signing.SigningKey.generate()
    public = base64.b64encode(bytes(key.verify_key)).decode()
    return base64.b64encode(bytes(key)), "v=DKIM1; k=ed25519; p=" + public


def zone(name, text):
    pieces = [text[at:at + 200] for at in range(0, len(text), 200)]
    return f"{name}. 3600 IN TXT " + " ".join(f'"{piece}"' for piece in pieces) + "\n"


def message(text, html=None, sender="Press Office <press@ministry.example>", cte="quoted-printable"):
    made = EmailMessage(policy=SMTP)
    made["From"] = sender
    made["To"] = "newsroom@paper.example"
    made["Subject"] = "Erklärung zur Lage"
    made["Date"] = "Tue, 14 Nov 2023 22:13:20 +0000"
    made["Message-ID"] = "<20231114221320.1@ministry.example>"
    made.set_content(text, cte=cte)
    if html:
        made.add_alternative(html, subtype="html", cte="base64")
        made.set_boundary("=-=boundary-of-the-release=-=")
    return made.as_bytes()


def sign(mail, selector, domain, key, algorithm, canon, fields, length=False, tags=b"", identity=None):
    signer = dkim.DKIM(mail)
    signer.should_not_sign = set()
    identity = (identity or b"@" + domain) + (b"; " + tags + b"; note=" + domain if tags else b"")
    field = signer.sign(selector, domain, key, algorithm, identity, canon, fields, length)
    return field + mail


def write(name, content):
    with open(name, "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode())


RELAXED, SIMPLE = (b"relaxed", b"relaxed"), (b"simple", b"simple")
TEXT = "The ministry says:\n\nNo ship was lost. Größe und Lage sind bekannt, said the spokesperson \
in a sentence that is longer than one line of an e-mail may be.\n"
HTML = "<p>The ministry says:</p><p>No ship <b>was</b> lost.</p>\n"

rsa, rsa_record = rsa_key()
other, other_record = rsa_key()
ed, ed_record = ed25519_key()
service, service_record = rsa_key()
weak, weak_record = rsa_key(768)

D, SERVICE = b"ministry.example", b"mailer.example"
write("rsa.txt", zone("press._domainkey.ministry.example", rsa_record))
write("rsa-bare.txt", rsa_record + "\n")
write("rotated.txt", zone("press._domainkey.ministry.example", other_record))
write("weak.txt", zone("press._domainkey.ministry.example", weak_record))
write("ed25519.txt", zone("ed._domainkey.ministry.example", ed_record))
write("service.txt", zone("m1._domainkey.mailer.example", service_record))

RSA, ED = b"rsa-sha256", b"ed25519-sha256"
release = message(TEXT, HTML)
plain = message(TEXT, cte="8bit")
write("relaxed.eml", sign(release, b"press", D, rsa, RSA, RELAXED, OVER))
write("simple.eml", sign(plain, b"press", D, rsa, RSA, SIMPLE, ALL))
write("mixed.eml", sign(plain, b"press", D, rsa, RSA, (b"simple", b"relaxed"), ALL))
write("ed25519.eml", sign(plain, b"ed", D, ed, ED, RELAXED, OVER))
write("length.eml", sign(plain, b"press", D, rsa, RSA, RELAXED, ALL, length=True))
write("unsigned-type.eml", sign(release, b"press", D, rsa, RSA, RELAXED, ["from", "to", "date"]))
write("service.eml", sign(plain, b"m1", SERVICE, service, RSA, RELAXED, OVER))
both = sign(plain, b"press", D, rsa, RSA, RELAXED, OVER)
write("both.eml", sign(both, b"m1", SERVICE, service, RSA, RELAXED, OVER))
ends = f"x={SIGNED_AT + 3600}".encode()
write("expires.eml", sign(plain, b"press", D, rsa, RSA, RELAXED, OVER, tags=ends))
write("below.eml", sign(message(TEXT, sender="a@press.ministry.example", cte="8bit"), b"press",
                        D, rsa, RSA, RELAXED, OVER, identity=b"@press.ministry.example"))
write("weak.eml", sign(plain, b"press", D, weak, RSA, RELAXED, OVER))
write("sha1.eml", sign(plain, b"press", D, rsa, b"rsa-sha1", RELAXED, OVER))
