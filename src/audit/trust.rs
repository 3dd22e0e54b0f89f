//! How far a provider of captures was trusted at a time: by its newest rating in force.

use crate::attribution::date::Date;
use crate::attribution::record::document::Capture;
use crate::attribution::record::notice::ProviderRating;
use crate::attribution::truth::Truth;
use crate::audit::graph::Graph;
use crate::audit::standing::Standings;

/// How far a provider was trusted when it captured: by its newest rating that had begun. The
/// answer comes with its fact in words.
pub fn rating(
    graph: &Graph,
    standings: &Standings<'_>,
    name: &str,
    captured_at: Option<&Date>,
) -> (Truth, String) {
    for (id, provider) in graph.provider(name).into_iter().rev() {
        if graph.node(id).is_none_or(|node| !standings.is_in_force(node)) {
            continue;
        }
        let begun = match (&provider.since, captured_at) {
            (None, _) => Truth::Holds,
            (Some(since), Some(at)) => since.not_after(at),
            (Some(_), None) => Truth::Unknown,
        };
        let (truth, word) = match provider.rating {
            ProviderRating::Trusted => (Truth::Holds, "trusted"),
            ProviderRating::Degraded => (Truth::Unknown, "degraded"),
            ProviderRating::Distrusted => (Truth::Fails, "distrusted"),
        };
        let what = format!("provider {name} is rated {word}: {}", provider.reason);
        match begun {
            Truth::Holds => return (truth, what),
            Truth::Unknown => {
                return (Truth::Unknown, format!("{what}; whether that had begun is unknown"));
            }
            Truth::Fails => {}
        }
    }
    (Truth::Unknown, format!("nobody rated provider {name} for that time"))
}

/// Why bytes of a capture show nothing: whoever fetched them was distrusted then.
pub fn distrusted(graph: &Graph, standings: &Standings<'_>, capture: &Capture) -> Option<String> {
    let name = capture.provider.as_deref()?;
    let (truth, what) = rating(graph, standings, name, capture.captured_at.as_ref());
    (truth == Truth::Fails).then_some(what)
}
