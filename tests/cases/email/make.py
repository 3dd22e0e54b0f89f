"""Made the messages of this folder with Python's own e-mail package, once: `python3 make.py`.

`NAME.eml` is the message, `NAME.txt` the text of its body as that package reads it back.
"""

import base64
import quopri
from email import message_from_bytes
from email.message import EmailMessage, MIMEPart
from email.policy import SMTP

WORDS = {
    "utf-8": "Größe, 北京, دمشق, Київ – “quoted”",
    "iso-8859-1": "Größe und Übermut",
    "windows-1252": "Größe – “quoted”",
    "windows-1251": "Министерство сообщает",
    "koi8-r": "Министерство сообщает",
    "iso-8859-2": "Ministerstvo oznámilo, že žádná loď",
    "windows-1256": "وزارة الدفاع",
    "gb2312": "国防部发言人",
    "big5": "國防部發言人",
    "shift_jis": "防衛省の報道官",
    "iso-2022-jp": "防衛省の報道官",
    "euc-kr": "국방부 대변인",
}


def head(made):
    made["From"] = "Press Office <press@ministry.example>"
    made["Subject"] = "Größe"
    made["Date"] = "Tue, 14 Nov 2023 22:13:20 +0000"
    return made


def write(name, made, text=None):
    raw = made if isinstance(made, bytes) else made.as_bytes()
    if text is None:
        read = message_from_bytes(raw, policy=SMTP)
        text = read.get_body(("plain",)).get_content().replace("\r\n", "\n")
    with open(name + ".eml", "wb") as file:
        file.write(raw)
    with open(name + ".txt", "wb") as file:
        file.write(text.encode())


def raw(charset, encoding, body):
    lines = ["From: Press Office <press@ministry.example>", "MIME-Version: 1.0 (a \\(program\\))",
             f"Content-Type: text/plain; charset={charset}",
             f"Content-Transfer-Encoding: {encoding}", "", ""]
    return "\r\n".join(lines).encode() + body


for charset, words in WORDS.items():
    text = f"The ministry:\r\n\r\n{words}\r\n"
    for encoding in ["quoted-printable", "base64", "8bit"]:
        body = text.encode(charset)
        if encoding == "base64":
            body = base64.encodebytes(body).replace(b"\n", b"\r\n")
        elif encoding == "quoted-printable":
            body = quopri.encodestring(body.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")
        write(f"{charset}-{encoding}", raw(charset, encoding, body))

TEXT = "The ministry says:\n\nNo ship was lost.\n\n> Was one lost?\n\nNone, said the spokesperson.\n"
HTML = "<html><head><title>t</title></head><body><p>No ship <b>was</b> lost.</p></body></html>\n"

made = head(EmailMessage(policy=SMTP))
made.set_content(TEXT)
made.add_alternative(HTML, subtype="html")
made.get_payload()[1].add_related(b"\x89PNG", "image", "png", cid="<1>")
made.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="größe.pdf")
made.add_attachment("words of another\n", filename="note.txt")
write("nested", made)

forwarded = head(EmailMessage(policy=SMTP))
forwarded.set_content("Words of somebody else.\n")
made = head(EmailMessage(policy=SMTP))
made.set_content("See below.\n")
made.add_attachment(forwarded)
write("forwarded", made)

made = head(EmailMessage(policy=SMTP))
made.set_content(HTML, subtype="html")
write("html", made, "No ship was lost.")

made = head(EmailMessage(policy=SMTP))
made.set_content(" \n")
made.add_alternative(HTML, subtype="html")
write("blank-plain", made, "No ship was lost.")

made = head(EmailMessage(policy=SMTP))
made["MIME-Version"] = "1.0"
made.make_mixed()
for words, disposition in [("One.\n", "inline"), ("Two.\n", None), ("Three.\n", "attachment")]:
    part = MIMEPart(policy=SMTP)
    part.set_content(words)
    if disposition:
        part["Content-Disposition"] = disposition
    made.attach(part)
# Python shows the first text only; a reader sees both, one behind the other.
write("two-texts", made, "One.\nTwo.\n")
