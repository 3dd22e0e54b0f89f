"""Makes the PDFs beside it, with other people's programs; their bytes are kept.

    pip install reportlab==5.1.0 fpdf2==2.8.9 uharfbuzz==0.57.0 pikepdf==10.18.0
    python make.py /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf
"""

import datetime
import sys

import fpdf
import pikepdf
from reportlab.lib.pagesizes import A5
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen import canvas
from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate, Spacer

FONT = sys.argv[1]

# Two pages by reportlab: justified lines, a heading, curly marks, a sentence over the page's end.
body = ParagraphStyle("body", fontName="Times-Roman", fontSize=11, leading=14, alignment=4)
head = ParagraphStyle("head", fontName="Helvetica-Bold", fontSize=16, leading=20)
SimpleDocTemplate("two-pages.pdf", pagesize=A5, invariant=1).build([
    Paragraph("Statement of the Ministry", head),
    Spacer(1, 20),
    Paragraph(
        "The minister said on Monday that a high-ranking delegation “will soon visit Kabul” and "
        "that the café talks of 24 November 2024 had been <i>frank</i> and useful to both sides.",
        body,
    ),
    Spacer(1, 14),
    Paragraph("He denied that any agreement had been", body),
    PageBreak(),
    Paragraph("signed, and will soon answer in writing.", body),
])

# Chinese by reportlab: a font that is not in the file, codes in UCS-2.
pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
page = canvas.Canvas("chinese.pdf", pagesize=A5, invariant=1)
page.setFont("STSong-Light", 14)
page.drawString(50, 500, "2024年11月25日外交部发言人毛宁主持例行记者会")
page.drawString(50, 460, "毛宁：中方高度重视，愿同各方继续")
page.drawString(50, 442, "保持沟通。")
page.showPage()
page.setFont("STSong-Light", 14)
page.drawString(50, 500, "谢谢。")
page.save()

# Arabic, Hebrew with its marks, and Chinese numbers' neighbours, shaped by HarfBuzz.
page = fpdf.FPDF(format="A5")
page.set_creation_date(datetime.datetime(2024, 11, 25, tzinfo=datetime.timezone.utc))
page.add_page()
page.add_font("dejavu", fname=FONT)
page.set_font("dejavu", size=14)
page.set_text_shaping(True)
page.cell(text="قال وزير الخارجية إن الوفد سيزور كابول قريبا", new_x="LMARGIN", new_y="NEXT")
page.ln(10)
page.cell(text="في 24 نوفمبر 2024 قال NATO لا", new_x="LMARGIN", new_y="NEXT")
page.ln(10)
page.cell(text="שָׁלוֹם אמר השר", new_x="LMARGIN", new_y="NEXT")
page.ln(10)
page.cell(text="The minister said السلام twice", new_x="LMARGIN", new_y="NEXT")
page.output("right-to-left.pdf")

# A scan: a picture; a picture with words laid under it; words outside the sheet and too small.
page = canvas.Canvas("scan.pdf", pagesize=A5, invariant=1)
page.rect(50, 50, 200, 200, fill=1)
page.showPage()
page.rect(50, 50, 200, 200, fill=1)
words = page.beginText(50, 100)
words.setFont("Helvetica", 12)
words.setTextRenderMode(3)
words.textLine("We deny it under the picture")
page.drawText(words)
page.showPage()
page.setFont("Helvetica", 12)
page.drawString(50, 500, "We confirm it")
page.drawString(5000, 500, "We deny it outside")
page.setFont("Helvetica", 0.1)
page.drawString(50, 400, "We deny it in tiny letters")
page.save()

# The same pages packed by qpdf: streams of objects, a stream of references.
with pikepdf.open("two-pages.pdf") as pdf:
    pdf.save("two-pages-packed.pdf", object_stream_mode=pikepdf.ObjectStreamMode.generate,
             compress_streams=True, deterministic_id=True)
with pikepdf.open("two-pages.pdf") as pdf:
    pdf.save("password.pdf", encryption=pikepdf.Encryption(user="secret", owner="owner", R=6))
with pikepdf.open("two-pages.pdf") as pdf:
    pdf.save("no-copying.pdf", encryption=pikepdf.Encryption(user="", owner="owner", R=4))
