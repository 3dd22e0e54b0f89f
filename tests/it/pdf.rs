//! The words on the pages of PDFs that other people's programs made, and PDFs that mean harm.
#![expect(clippy::disallowed_methods, reason = "reads the test's own data")]

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use whosaid::evidence::anchor::{Match, Reason, find};
use whosaid::evidence::html::Place;
use whosaid::evidence::nearest::Hint;
use whosaid::evidence::parts::Part;
use whosaid::evidence::pdf::document::{Error as PdfError, MAX_PDF};
use whosaid::evidence::text::{Error, Profile, Text, derive};
use whosaid::selector::{Position, Selector};

fn file(name: &str) -> Vec<u8> {
    fs::read(format!("{}/tests/cases/pdf/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn text(name: &str) -> Text {
    derive(Profile::Pdf1, &file(name)).unwrap()
}

fn refused(bytes: &[u8]) -> PdfError {
    match derive(Profile::Pdf1, bytes) {
        Err(Error::Pdf(error)) => error,
        other => panic!("{other:?}"),
    }
}

fn on_page(page: u32, exact: &str) -> Selector {
    Selector { page: Some(page), ..Selector::quote(exact) }
}

#[test]
fn the_pages_of_other_programs_say_what_was_put_on_them() {
    let english = "Statement of the Ministry\n\
        The minister said on Monday that a high-ranking delegation “will soon visit Kabul” and that \
        the café talks of 24 November 2024 had been frank and useful to both sides.\n\
        He denied that any agreement had been\u{c}signed, and will soon answer in writing.";
    assert_eq!(text("two-pages.pdf").as_str(), english);
    // The same pages with their objects packed by another program.
    assert_eq!(text("two-pages-packed.pdf").as_str(), english);
    let chinese = "2024年11月25日外交部发言人毛宁主持例行记者会\n\
        毛宁：中方高度重视，愿同各方继续保持沟通。\u{c}谢谢。";
    assert_eq!(text("chinese.pdf").as_str(), chinese);
    let right_to_left = text("right-to-left.pdf");
    let lines: Vec<&str> = right_to_left.as_str().lines().collect();
    assert_eq!(lines[0], "قال وزير الخارجية إن الوفد سيزور كابول قريبا");
    assert_eq!(lines[1], "في 24 نوفمبر 2024 قال NATO لا");
    assert_eq!(lines[3], "The minister said السلام twice");
    // The program that made it did not say what the glyph of a letter with its point means.
    assert!(lines[2].ends_with("אמר השר"), "{}", lines[2]);
    assert_eq!(right_to_left.facts(), ["on page 1 1 signs stand for no known character"]);
}

#[test]
fn a_quote_is_found_on_its_page_and_over_the_end_of_one() {
    let text = text("two-pages.pdf");
    let holds = |start, end| Match::Holds { position: Position { start, end } };
    let twice = find(&text, &Selector::quote("will soon"));
    assert!(matches!(twice, Match::Ambiguous { .. }), "{twice:?}");
    assert_eq!(find(&text, &on_page(1, "will soon")), holds(86, 95));
    assert_eq!(find(&text, &on_page(2, "will soon")), holds(244, 253));
    let over = Selector::quote("had been\u{c}signed");
    assert_eq!(find(&text, &over), holds(223, 238));
    let hint = Some(Hint::WhiteSpace);
    let absent = Match::Fails { reason: Reason::Absent { hint } };
    assert_eq!(find(&text, &Selector::quote("had been signed")), absent);
    let over = Selector { page: Some(1), ..over };
    assert!(matches!(find(&text, &over), Match::Fails { reason: Reason::Absent { .. } }));
    let near = vec![Part::Page(2), Part::Page(1)];
    let reason = Reason::NoSuchPart { part: Part::Page(3), near };
    assert_eq!(reason.to_string(), "there is no such part as page 3; near it are page 2, page 1");
    assert_eq!(find(&text, &on_page(3, "signed")), Match::Fails { reason });
    let reason = Reason::InOtherPart { part: Part::Page(1), others: vec![Part::Page(2)] };
    assert_eq!(find(&text, &on_page(1, "signed")), Match::Fails { reason });
    let selector = Selector { suffix: Some("\u{c}".to_owned()), ..on_page(1, "been") };
    let found = find(&text, &selector);
    assert!(
        matches!(found, Match::Fails { reason: Reason::OtherSurroundings { .. } }),
        "{found:?}"
    );
}

#[test]
fn what_a_page_does_not_show_is_no_word_of_it() {
    let text = text("scan.pdf");
    assert_eq!(text.as_str(), "\u{c}\u{c}We confirm it");
    for words in ["We deny it under", "We deny it outside", "We deny it in tiny"] {
        let hint = Some(Hint::Unseen(Place::Layer));
        let absent = Match::Fails { reason: Reason::Absent { hint } };
        assert_eq!(find(&text, &Selector::quote(words)), absent, "{words}");
    }
    assert_eq!(text.facts()[0], "page 1 has no text: it is a picture, or empty");
    assert!(text.facts()[1].starts_with("page 2 shows no text: it is a picture with words laid"));
    assert_eq!(text.facts().len(), 2);
    let empty = Position { start: 1, end: 1 };
    assert_eq!(text.part_named(&Part::Page(2)), Some(empty));
}

#[test]
fn a_damaged_table_of_objects_is_refused_and_not_guessed_at() {
    let good = file("two-pages.pdf");
    let place = good.windows(9).rposition(|window| window == b"startxref").unwrap();
    let cut = refused(&good[..place]).to_string();
    assert!(cut.contains("its table of objects is damaged"), "{cut}");
}

#[test]
fn an_encrypted_pdf_is_refused_and_so_is_one_protected_against_copying() {
    assert_eq!(refused(&file("password.pdf")), PdfError::Encrypted);
    assert_eq!(refused(&file("no-copying.pdf")), PdfError::Encrypted);
    assert!(matches!(refused(b""), PdfError::Damaged { .. }));
    assert!(matches!(refused(b"%PDF-1.7\n"), PdfError::Damaged { .. }));
    let page = b"<html>We deny it";
    assert_eq!(
        refused(page).to_string(),
        "capture cannot be read as a PDF: it does not begin with %PDF-"
    );
    let limit = usize::try_from(MAX_PDF).unwrap();
    assert!(matches!(derive(Profile::Pdf1, &vec![b' '; limit + 1]), Err(Error::TooLarge { .. })));
}

/// A PDF of these objects, the first of which is the catalogue.
fn pdf(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut file = b"%PDF-1.7\n".to_vec();
    let mut places = Vec::new();
    for (object, number) in objects.iter().zip(1..) {
        places.push(file.len());
        file.extend(format!("{number} 0 obj\n").bytes());
        file.extend(object);
        file.extend(b"\nendobj\n");
    }
    let table = file.len();
    let count = objects.len() + 1;
    let mut end = format!("xref\n0 {count}\n0000000000 65535 f \n");
    for place in places {
        writeln!(end, "{place:010} 00000 n ").unwrap();
    }
    writeln!(end, "trailer\n<< /Size {count} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF").unwrap();
    file.extend(end.bytes());
    file
}

fn stream(entries: &str, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut object = format!("<< {entries} /Length {length} >>\nstream\n").into_bytes();
    object.extend(content);
    object.extend(b"\nendstream");
    object
}

fn packed(content: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

const CATALOG: &[u8] = b"<< /Type /Catalog /Pages 2 0 R >>";
const HELVETICA: &[u8] = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding \
    /WinAnsiEncoding >>";

/// One page with these instructions, which may use the font `/F` and the forms `/X0`, `/X1`, … in
/// `forms`, objects 6 and up.
fn one_page(instructions: Vec<u8>, forms: &[Vec<u8>]) -> Vec<u8> {
    let mut names = String::new();
    for number in 0..forms.len() {
        write!(names, "/X{number} {} 0 R ", number + 6).unwrap();
    }
    let page = format!(
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 500 500] /Contents 4 0 R \
         /Resources << /Font << /F 5 0 R >> /XObject << {names} >> >> >>"
    );
    let pages = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec();
    let mut objects =
        vec![CATALOG.to_vec(), pages, page.into_bytes(), instructions, HELVETICA.to_vec()];
    objects.extend(forms.iter().cloned());
    pdf(&objects)
}

fn says(bytes: &[u8]) -> String {
    derive(Profile::Pdf1, bytes).unwrap().as_str().to_owned()
}

#[test]
fn the_test_itself_makes_pdfs_that_are_read() {
    let words = b"BT /F 12 Tf 50 400 Td (We deny it) Tj ET";
    assert_eq!(says(&one_page(stream("", words), &[])), "We deny it");
    let small = stream("/Filter /FlateDecode", &packed(words));
    assert_eq!(says(&one_page(small, &[])), "We deny it");
    let form = stream("/Type /XObject /Subtype /Form /BBox [0 0 9 9]", words);
    assert_eq!(says(&one_page(stream("", b"/X0 Do"), &[form])), "We deny it");
}

#[test]
fn bombs_are_refused_before_they_are_unpacked() {
    let zeros = packed(&vec![b' '; 100_000_000]);
    let bomb = stream("/Filter /FlateDecode", &zeros);
    assert_eq!(refused(&one_page(bomb, &[])), PdfError::Unpacked);
    let twice = stream("/Filter [/FlateDecode /FlateDecode]", &packed(&zeros));
    assert_eq!(refused(&one_page(twice, &[])), PdfError::Unpacked);
    // Small enough for one page, on a thousand pages.
    let large = stream("/Filter /FlateDecode", &packed(&vec![b' '; 3_000_000]));
    let kids: Vec<String> = (4..1_004).map(|number| format!("{number} 0 R ")).collect();
    let kids = kids.concat();
    let pages = format!("<< /Type /Pages /Kids [{kids}] /Count 1000 >>").into_bytes();
    let mut objects = vec![CATALOG.to_vec(), pages, large];
    objects.resize(1_003, b"<< /Type /Page /Parent 2 0 R /Contents 3 0 R >>".to_vec());
    assert_eq!(refused(&pdf(&objects)), PdfError::Unpacked);
    // A stream of objects that holds nothing but room: what it should hold is not there.
    let objects = stream("/Type /ObjStm /N 9 /First 9 /Filter /FlateDecode", &zeros);
    let read = derive(Profile::Pdf1, &one_page(stream("", b""), &[objects]));
    assert!(read.as_ref().is_ok_and(|text| text.as_str().is_empty()) || read.is_err());
    let many = vec![stream("/Type /ObjStm /N 0 /First 0", b""); 3_000];
    assert_eq!(refused(&one_page(stream("", b""), &many)), PdfError::Unpacked);
}

#[test]
fn circles_come_to_an_end() {
    let form = |calls: &str| stream("/Type /XObject /Subtype /Form", calls.as_bytes());
    let itself = one_page(stream("", b"/X0 Do"), &[form("/X0 Do /X0 Do /X0 Do")]);
    assert_eq!(refused(&itself), PdfError::Unpacked);
    let once = one_page(stream("", b"/X0 Do"), &[form("/X0 Do")]);
    let text = derive(Profile::Pdf1, &once).unwrap();
    assert!(text.facts().contains(&"page 1 could not be read whole".to_owned()));
    // Each form calls the next one ten times.
    let calls: Vec<Vec<u8>> =
        (1..=15).map(|next| form(&format!("/X{next} Do ").repeat(10))).collect();
    assert_eq!(refused(&one_page(stream("", b"/X0 Do"), &calls)), PdfError::Unpacked);
    // A page tree that holds itself, and a page that is its own parent.
    let tree = b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 >>".to_vec();
    assert_eq!(refused(&pdf(&[CATALOG.to_vec(), tree])), PdfError::NoPage);
    let tree = b"<< /Type /Pages /Kids [3 0 R] /Count 1 /Parent 3 0 R >>".to_vec();
    let page = b"<< /Type /Page /Parent 3 0 R /Contents 4 0 R >>".to_vec();
    let contents = b"[4 0 R 4 0 R]".to_vec();
    assert_eq!(says(&pdf(&[CATALOG.to_vec(), tree.clone(), page.clone(), contents])), "");
    let contents = b"4 0 R".to_vec();
    let circle = derive(Profile::Pdf1, &pdf(&[CATALOG.to_vec(), tree, page, contents]));
    assert!(circle.is_err() || circle.is_ok_and(|text| text.as_str().is_empty()));
}

#[test]
fn deep_nesting_takes_no_stack() {
    for open in ["[", "<< /A ", "(", "q ", "BT ", "/X0 BMC ", "{"] {
        let deep = open.repeat(200_000);
        let read = derive(Profile::Pdf1, &one_page(stream("", deep.as_bytes()), &[]));
        assert!(read.is_err() || read.is_ok_and(|text| text.as_str().is_empty()), "{open}");
        let deep = one_page(stream("", b""), &[deep.into_bytes()]);
        let read = derive(Profile::Pdf1, &deep);
        assert!(read.is_err() || read.is_ok_and(|text| text.as_str().is_empty()), "{open}");
    }
}

#[test]
fn a_font_cannot_forge_the_end_of_a_page_or_a_line() {
    let map = b"1 beginbfchar <61> <000C> endbfchar 1 beginbfchar <62> <000A> endbfchar";
    let font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /ToUnicode 4 0 R >>";
    let page =
        b"<< /Type /Page /Parent 2 0 R /Contents 6 0 R /Resources << /Font << /F 5 0 R >> >> >>";
    let objects = [
        CATALOG.to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        page.to_vec(),
        stream("", map),
        font.to_vec(),
        stream("", b"BT /F 12 Tf 50 400 Td (xaybz) Tj ET"),
    ];
    assert_eq!(says(&pdf(&objects)), "x y z");
}

#[test]
fn every_changed_byte_of_a_pdf_is_answered() {
    for name in ["two-pages-packed.pdf", "chinese.pdf", "no-copying.pdf"] {
        let good = file(name);
        let is_locked = name == "no-copying.pdf";
        for place in (0..good.len()).step_by(if is_locked { 5 } else { 1 }) {
            for value in [good[place] ^ 1, 0xff] {
                let mut changed = good.clone();
                changed[place] = value;
                let Ok(text) = derive(Profile::Pdf1, &changed) else { continue };
                let ends = text.parts().iter().last().map(|(_, place)| place.end);
                assert_eq!(ends, Some(text.length()), "{name}, byte {place}");
            }
        }
        // The last two bytes are the end of the last line.
        for end in (0..good.len() - 2).step_by(7) {
            let cut = derive(Profile::Pdf1, &good[..end]);
            assert!(cut.is_err(), "{name}, cut at {end}: {cut:?}");
        }
    }
}
