//! `rel="me"` both ways: the party's page says that the account is its own, and the account's page
//! says the same of that page. One way alone anybody can write.

use crate::attribution::record::channel::{Channel, Control};
use crate::attribution::record::document::{Capture, Document};
use crate::attribution::truth::Truth;
use crate::audit::captures::{Captures, Held};
use crate::audit::graph::Graph;
use crate::evidence::address::account::{self, Name, plain_handle};
use crate::evidence::address::links::{is_same_page, rel_me};
use crate::evidence::capture::{self, Check, Expected};

/// The most captures that are read for one statement of control. A page and its account need two;
/// more are later captures of the same.
const MAX_PAGES: usize = 64;

/// Whether captured pages link to one another, with the fact in words.
pub fn both_ways(graph: &Graph, control: &Control, captures: &Captures<'_>) -> (Truth, String) {
    let unknown = |what: &str| (Truth::Unknown, what.to_owned());
    let Some(channel) = graph.channel(control.channel) else {
        return unknown("the record of the channel is not at hand");
    };
    let Some((id, shown)) = control.evidence.and_then(|id| Some((id, graph.document(id)?))) else {
        return unknown("no document with the page that links to the account is at hand");
    };
    let of_page = graph.captures(id).into_iter().map(|capture| (shown, capture));
    let on_channel = graph
        .documents_on(control.channel)
        .into_iter()
        .flat_map(|it| it.captures.iter().map(move |c| (it, c)));
    let (mut homes, mut accounts) = (Vec::new(), Vec::new());
    for (document, capture) in of_page.chain(on_channel).take(MAX_PAGES) {
        let Some(page) = Page::read(document, capture, captures) else { continue };
        if page.addresses.iter().any(|address| is_account(channel, address)) {
            accounts.push(page);
        } else if std::ptr::eq(document, shown) {
            homes.push(page);
        }
    }
    let links = |pages: &[Page], wanted: &dyn Fn(&str) -> bool| match pages {
        [] => Truth::Unknown,
        pages => Truth::from(pages.iter().flat_map(|page| &page.links).any(|link| wanted(link))),
    };
    let forth = links(&homes, &|link| is_account(channel, link));
    let home = |link: &str| {
        let addresses = homes.iter().flat_map(|page| &page.addresses);
        addresses.into_iter().any(|address| is_same_page(address, link))
    };
    let knows_home = homes.iter().any(|page| !page.addresses.is_empty());
    let back = if knows_home { links(&accounts, &home) } else { Truth::Unknown };
    let what = match (forth, back) {
        (Truth::Holds, Truth::Holds) => "the page and the account link to one another",
        (Truth::Fails, _) => "the page that should show it has no rel=me link to the account",
        (_, Truth::Fails) => "the account's page has no rel=me link back: one way anybody can link",
        (Truth::Unknown, _) => "no bytes of the page that should link to the account are held",
        (_, Truth::Unknown) => {
            "the page links to the account; whether the account links back is not captured"
        }
    };
    (forth.and(back), what.to_owned())
}

/// A captured page, its own addresses, and where it says that its owner is too.
struct Page {
    addresses: Vec<String>,
    links: Vec<String>,
}

impl Page {
    fn read(document: &Document, capture: &Capture, captures: &Captures<'_>) -> Option<Self> {
        let Held::Bytes(bytes) = captures(&capture.digest) else { return None };
        let expected = Expected { digest: capture.digest, size: capture.size };
        if capture::check(&bytes, &expected) != Check::Holds {
            return None;
        }
        // Where a capture says what address answered, that is the page's; else what its document
        // says.
        let own = capture.uri_final.iter().chain(&capture.uri_requested).next();
        let of_document = document.url.iter().chain(&document.aliases);
        let addresses: Vec<String> = match own {
            Some(own) => vec![own.clone()],
            None => of_document.cloned().collect(),
        };
        let links = rel_me(&bytes, addresses.first().map(String::as_str));
        Some(Self { addresses, links })
    }
}

/// Whether a URL is that of the channel's account.
fn is_account(channel: &Channel, url: &str) -> bool {
    if channel.urls.iter().any(|own| is_same_page(own, url)) {
        return true;
    }
    let Some(found) = account::in_url(url) else { return false };
    let is_platform = channel.platform.as_deref().map(account::platform);
    is_platform.as_deref() == Some(found.platform)
        && match found.name {
            Name::Id(id) => channel.platform_id == Some(id),
            Name::Handle(name) => channel.handles.iter().any(|it| plain_handle(&it.text) == name),
        }
}

#[cfg(test)]
mod tests {
    use super::both_ways;
    use crate::attribution::record::Record;
    use crate::attribution::record::channel::{ChannelKind, ControlBasis, Handle};
    use crate::attribution::record::claim::Who;
    use crate::attribution::record::party::PartyKind;
    use crate::attribution::truth::Truth::{self, Fails, Holds, Unknown};
    use crate::audit::notebook::{Notebook, channel, check_part, claim, control};

    const HOME: &str = "https://mfa.example/";
    const LINKS: &str = "<p>Us <a rel=\"me\" href=\"https://social.example/@mfa\">there</a>";
    const BACK: &str = "<dl><dd><a href=\"https://www.mfa.example\" rel=\"nofollow me\">mfa</a>";

    /// A home page and the account's page, where there are such.
    fn check(home: Option<&str>, account: Option<(&str, &str)>, expected: Truth, words: &str) {
        let mut notebook = Notebook::new();
        let ministry = notebook.party("ministry", PartyKind::Ministry);
        let mut social = channel("social");
        social.kind = ChannelKind::Account;
        social.platform = Some("mastodon".to_owned());
        let text = "@mfa@social.example".to_owned();
        social.handles.push(Handle { text, since: None, until: None });
        let social = notebook.append(Record::Channel(social));
        let mut said = control(social, ministry, ControlBasis::RelMe);
        said.evidence = home.map(|page| notebook.document(page, |d| d.url = Some(HOME.to_owned())));
        if let Some((page, url)) = account {
            notebook.document(page, |document| {
                document.channel = Some(social);
                document.url = Some(url.to_owned());
            });
        }
        let graph = notebook.graph();
        let (truth, what) = both_ways(&graph, &said, &|digest| notebook.held(digest));
        assert_eq!(truth, expected, "{what}");
        assert!(what.contains(words), "{what}");
        // An audit finds the account's page though nothing but its channel leads there.
        let post = notebook.document("We will come.", |post| post.channel = Some(social));
        notebook.append(Record::Control(said));
        let said = notebook.claim(claim(Who::Party(ministry), Some(post)));
        check_part(&notebook.graph(), &notebook, said);
    }

    #[test]
    fn only_links_in_both_directions_show_it() {
        let profile = "https://social.example/@mfa";
        check(Some(LINKS), Some((BACK, profile)), Holds, "one another");
        check(Some(LINKS), Some(("<p>Hello", profile)), Fails, "no rel=me link back");
        check(Some("<p>Hello"), Some((BACK, profile)), Fails, "no rel=me link to");
        check(Some(LINKS), None, Unknown, "not captured");
        // A page that lies elsewhere is not the account's, whatever its record says.
        check(Some(LINKS), Some((BACK, "https://blog.example/")), Unknown, "not captured");
        check(None, Some((BACK, profile)), Unknown, "no document");
    }
}
