//! Records for the tests: one of every kind with every field in use, and the barest ones.

use whosaid::attribution::date::{Basis, Date};
use whosaid::attribution::id::Id;
use whosaid::attribution::identity::Identifier;
use whosaid::attribution::record::Record;
use whosaid::attribution::record::attestation::{Attestation, Part, PartRole, Scheme};
use whosaid::attribution::record::channel::{
    Channel, ChannelKind, Control, ControlBasis, ControlMode, Handle,
};
use whosaid::attribution::record::charter::{Charter, KeyAction, KeyChange, Power, Recorder};
use whosaid::attribution::record::claim::{
    About, Act, Claim, Hop, HopBasis, HopRelation, Modality, Mode, Passage, Polarity, Proposition,
    Who,
};
use whosaid::attribution::record::document::{
    Capture, Document, DocumentKind, LaterCapture, Within,
};
use whosaid::attribution::record::notice::{
    Assessment, Notice, NoticeKind, Provider, ProviderRating, Relation, RelationKind,
};
use whosaid::attribution::record::party::{Anonymity, Name, NameKind, Party, PartyKind, Role};
use whosaid::hash::Hash;
use whosaid::key::{PublicKey, SecretKey};
use whosaid::selector::{Position, Selector};

/// The public key made from 32 times the byte `seed`.
pub(crate) fn key(seed: u8) -> PublicKey {
    SecretKey::from_seed(&[seed; 32]).public()
}

/// The id of some earlier statement, made from its name.
pub(crate) fn id(name: &str) -> Id {
    Id::from_hash(Hash::of(name.as_bytes()))
}

/// Records that fill every field of every kind, each with its name.
pub(crate) fn full() -> Vec<(&'static str, Record)> {
    vec![
        ("charter", charter()),
        ("key_introduce", introduce()),
        ("key_rotate", rotate()),
        ("key_revoke", revoke()),
        ("key_delegate", delegate()),
        ("party", Record::Party(party())),
        ("channel", channel()),
        ("control", control()),
        ("document", Record::Document(document())),
        ("capture", later_capture()),
        ("attestation", attestation()),
        ("attestation_statement", time_stamp()),
        ("claim", Record::Claim(Box::new(claim()))),
        ("claim_pointed", pointed()),
        ("relation", relation()),
        ("assessment", assessment()),
        ("notice_correction", correction()),
        ("notice_rebuttal", rebuttal()),
        ("provider", provider()),
    ]
}

/// Records with no field but the required ones.
pub(crate) fn bare() -> Vec<(&'static str, Record)> {
    let bare_document = Document { ..Document::of(DocumentKind::Note) };
    let captured = Document {
        captures: vec![Capture::of(Hash::of(b"hello\n"), 6, "text/plain")],
        ..bare_document.clone()
    };
    vec![
        ("party_bare", Record::Party(bare_party())),
        ("document_bare", Record::Document(bare_document)),
        ("document_captured", Record::Document(captured)),
        ("claim_bare", Record::Claim(Box::new(bare_claim()))),
    ]
}

pub(crate) fn bare_party() -> Party {
    Party {
        key: "mfa".to_owned(),
        kind: PartyKind::Ministry,
        names: vec![Name { text: "Ministry".to_owned(), lang: None, kind: None }],
        ids: Vec::new(),
        part_of: Vec::new(),
        roles: Vec::new(),
        anonymity: None,
    }
}

pub(crate) fn bare_claim() -> Claim {
    Claim {
        speaker: Who::Unresolved("officials".to_owned()),
        speaker_as_written: None,
        role_as_written: None,
        act: Act::State,
        polarity: Polarity::NotSaid,
        said_at: None,
        place: None,
        event: None,
        proposition: Proposition { text: "Talks go on.".to_owned(), lang: None, modality: None },
        document: None,
        passage: None,
        chain: Vec::new(),
        about: Vec::new(),
    }
}

pub(crate) fn party() -> Party {
    let name = |text: &str, lang: &str, kind| Name {
        text: text.to_owned(),
        lang: Some(lang.to_owned()),
        kind: Some(kind),
    };
    Party {
        key: "muttaqi".to_owned(),
        kind: PartyKind::Person,
        names: vec![
            name("امیر خان متقي", "ps", NameKind::Official),
            name("Amir Khan Muttaqi", "ps-Latn", NameKind::Transliteration),
            name("Muttaqi", "en", NameKind::Alias),
        ],
        ids: vec![Identifier { scheme: "wikidata".to_owned(), value: "Q4746238".to_owned() }],
        part_of: vec![id("mfa")],
        roles: vec![Role {
            office: "foreign minister".to_owned(),
            org: Some(id("mfa")),
            since: Some(date("2021-09-07")),
            until: Some(date("2026~")),
        }],
        anonymity: Some(Anonymity::OnRecord),
    }
}

pub(crate) fn document() -> Document {
    Document {
        kind: DocumentKind::Article,
        title: Some("Kabul: “talks soon”".to_owned()),
        publisher: Some(id("outlet")),
        channel: Some(id("channel")),
        url: Some("https://example.org/news/1".to_owned()),
        aliases: vec!["https://amp.example.org/news/1".to_owned()],
        language: Some("en".to_owned()),
        published: Some(published()),
        byline: Some("By our correspondent".to_owned()),
        credits: vec!["Reuters".to_owned()],
        cites: vec![id("statement")],
        captures: vec![capture()],
    }
}

pub(crate) fn claim() -> Claim {
    Claim {
        speaker: Who::Party(id("muttaqi")),
        speaker_as_written: Some("Muttaqi".to_owned()),
        role_as_written: Some("acting foreign minister".to_owned()),
        act: Act::Announce,
        polarity: Polarity::Asserted,
        said_at: Some(date("2024-11-24")),
        place: Some("Kabul".to_owned()),
        event: Some("press conference".to_owned()),
        proposition: Proposition {
            text: "A delegation will come to Kabul soon.".to_owned(),
            lang: Some("en".to_owned()),
            modality: Some(Modality::Planned),
        },
        document: Some(id("article")),
        passage: Some(passage()),
        chain: vec![reached(), unreachable()],
        about: vec![
            About::Party(id("mfa")),
            About::Place("Kabul".to_owned()),
            About::Topic("diplomacy".to_owned()),
        ],
    }
}

/// A hop to a document that is recorded.
pub(crate) fn reached() -> Hop {
    Hop {
        by: Who::Party(id("mfa")),
        kind: Some(DocumentKind::Statement),
        document: Some(id("statement")),
        passage: Some(passage()),
        cue: Some("In a statement released by".to_owned()),
        relation: HopRelation::Quotes,
        basis: HopBasis::NamedSource,
        reported_at: Some(date("2024-11-24T10:00:00Z")),
        modality: Some(Modality::Underway),
        unreachable: None,
    }
}

/// A hop to something that nobody could get hold of.
pub(crate) fn unreachable() -> Hop {
    Hop {
        by: Who::Unresolved("a diplomat".to_owned()),
        kind: None,
        document: None,
        passage: None,
        cue: None,
        relation: HopRelation::Paraphrases,
        basis: HopBasis::Unnamed,
        reported_at: None,
        modality: None,
        unreachable: Some("no link given".to_owned()),
    }
}

fn charter() -> Record {
    let recorder =
        |name: &str, seed, powers| Recorder { name: name.to_owned(), key: key(seed), powers };
    Record::Charter(Charter {
        format: 1,
        origin: "example.org/claims".to_owned(),
        title: "Claims about Kabul".to_owned(),
        purpose: "Who said what.\nCorrections are appended.".to_owned(),
        log: key(9),
        recorders: vec![
            recorder("nadia", 1, vec![Power::Record, Power::Correct, Power::Keys]),
            recorder("omar", 2, vec![Power::Record]),
        ],
    })
}

fn introduce() -> Record {
    Record::Key(KeyChange {
        action: KeyAction::Introduce,
        key: key(3),
        name: Some("zahra".to_owned()),
        powers: vec![Power::Record, Power::Correct],
        replaces: None,
        from: Some(300),
        reason: Some("A new colleague.".to_owned()),
    })
}

fn rotate() -> Record {
    Record::Key(KeyChange {
        action: KeyAction::Rotate,
        key: key(4),
        name: None,
        powers: Vec::new(),
        replaces: Some(key(2)),
        from: None,
        reason: None,
    })
}

fn revoke() -> Record {
    Record::Key(KeyChange {
        action: KeyAction::Revoke,
        key: key(4),
        name: None,
        powers: Vec::new(),
        replaces: None,
        from: Some(70_000),
        reason: Some("Laptop stolen.".to_owned()),
    })
}

fn delegate() -> Record {
    Record::Key(KeyChange {
        action: KeyAction::Delegate,
        key: key(5),
        name: Some("nadia-phone".to_owned()),
        powers: vec![Power::Record],
        replaces: None,
        from: None,
        reason: None,
    })
}

fn channel() -> Record {
    Record::Channel(Channel {
        key: "mfa-x".to_owned(),
        kind: ChannelKind::Account,
        platform: Some("x".to_owned()),
        platform_id: Some("702608000000000001".to_owned()),
        handles: vec![Handle {
            text: "@MoFA_Afg".to_owned(),
            since: Some(date("2021-08")),
            until: Some(date("2025-12?")),
        }],
        urls: vec!["https://x.com/MoFA_Afg/".to_owned()],
    })
}

fn control() -> Record {
    Record::Control(Control {
        channel: id("channel"),
        party: id("mfa"),
        mode: ControlMode::Official,
        basis: ControlBasis::SiteLinksToAccount,
        since: Some(date("2021-08")),
        until: Some(date("2026")),
        evidence: Some(id("screenshot")),
        verified_at: Some(Date::new("2024-11-25T08:30:00Z", None, Basis::Server).expect("EDTF")),
    })
}

fn later_capture() -> Record {
    Record::Capture(LaterCapture { document: id("article"), capture: capture() })
}

fn attestation() -> Record {
    Record::Attestation(Attestation {
        scheme: Scheme::Opentimestamps,
        document: Some(id("document")),
        capture: Some(Hash::of(b"<p>hello</p>\n")),
        statement: None,
        parts: vec![
            Part { role: PartRole::Proof, capture: fetched(), height: None },
            Part { role: PartRole::BlockHeader, capture: capture(), height: Some(871_000) },
        ],
    })
}

fn time_stamp() -> Record {
    Record::Attestation(Attestation {
        scheme: Scheme::Rfc3161,
        document: None,
        capture: None,
        statement: Some(id("claim")),
        parts: vec![Part { role: PartRole::Token, capture: fetched(), height: None }],
    })
}

fn relation() -> Record {
    Record::Relation(Relation {
        from: id("claim 1"),
        kind: RelationKind::SameProposition,
        to: id("claim 2"),
        by: Some(id("outlet")),
        method: Some("read side by side".to_owned()),
    })
}

fn assessment() -> Record {
    Record::Assessment(Assessment {
        target: id("claim 1"),
        by: Some(id("outlet")),
        scheme: "admiralty".to_owned(),
        value: "B2".to_owned(),
        basis: Some("Reliable so far.".to_owned()),
    })
}

fn correction() -> Record {
    Record::Notice(Notice {
        kind: NoticeKind::RecorderCorrection,
        target: id("claim 1"),
        reason: "The name was misread.".to_owned(),
        replacement: Some(id("claim 2")),
        document: None,
        by: None,
        text: None,
    })
}

fn rebuttal() -> Record {
    Record::Notice(Notice {
        kind: NoticeKind::Rebuttal,
        target: id("claim 1"),
        reason: "Right of reply.".to_owned(),
        replacement: Some(id("claim 2")),
        document: Some(id("letter")),
        by: Some(id("mfa")),
        text: Some("We never said so.".to_owned()),
    })
}

fn provider() -> Record {
    Record::Provider(Provider {
        name: "archive.example".to_owned(),
        rating: ProviderRating::Degraded,
        since: Some(date("2024-10")),
        reason: "Captures were replaced.".to_owned(),
        party: Some(id("outlet")),
    })
}

fn capture() -> Capture {
    Capture {
        captured_at: Some(date("2024-11-25T08:30:00Z")),
        uri_requested: Some("http://example.org/news/1".to_owned()),
        uri_final: Some("https://example.org/news/1".to_owned()),
        tool: Some("curl 8".to_owned()),
        provider: Some("archive.example".to_owned()),
        ..Capture::of(Hash::of(b"<p>hello</p>\n"), 13, "text/html; charset=utf-8")
    }
}

/// A capture that a server answered with, taken from a package of web archives.
fn fetched() -> Capture {
    Capture {
        status: Some(200),
        headers: vec!["Content-Type: text/html; charset=utf-8".to_owned()],
        within: Some(Within {
            package: Hash::of(b"package"),
            uri: "https://example.org/news/1".to_owned(),
            date: Some("2024-11-25T08:30:00Z".to_owned()),
        }),
        ..capture()
    }
}

/// A claim whose words stand in one string of a JSON document, and on one page of another.
fn pointed() -> Record {
    let pointer = Some("/value/text".to_owned());
    let segments = vec![
        Selector { pointer, ..Selector::quote("a delegation will come") },
        Selector { page: Some(2), ..Selector::quote("to Kabul") },
    ];
    let passage = Some(Passage { segments, ..passage() });
    Record::Claim(Box::new(Claim { passage, ..claim() }))
}

fn passage() -> Passage {
    Passage {
        mode: Mode::Translated,
        capture: Hash::of(b"<p>hello</p>\n"),
        profile: "plain/1".to_owned(),
        segments: vec![
            Selector {
                prefix: Some("He said ".to_owned()),
                suffix: Some(" soon".to_owned()),
                position: Some(Position { start: 8, end: 30 }),
                ..Selector::quote("a delegation will come")
            },
            Selector::quote("to Kabul"),
        ],
        cue: Some("Muttaqi stated that".to_owned()),
        translator: Some(Who::Unresolved("the outlet".to_owned())),
    }
}

fn published() -> Date {
    Date::new("2024-11-25", Some("Monday".to_owned()), Basis::Platform).expect("EDTF")
}

fn date(edtf: &str) -> Date {
    Date::new(edtf, None, Basis::Stated).expect("EDTF")
}
