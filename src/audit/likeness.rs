//! How much two texts have in common: the measure by which a reprint is known.
//!
//! Containment of word shingles (Broder, "On the resemblance and containment of documents", 1997):
//! of all runs of [`RUN`] words in the shorter text, the share that stands in the longer one. Words
//! are runs of letters and digits in lower case; where a script puts no spaces between words, each
//! character counts as one.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

/// How many words make a run. Five in a row are rarely the same by chance, and survive the cuts
/// and new headlines of a reprint.
pub const RUN: usize = 5;

/// From what share on a text counts as a near-duplicate, in percent. Half a text word for word is
/// copied, not reported anew; two reports that share one quotation stay well below.
pub const NEAR_DUPLICATE_PERCENT: usize = 50;

/// The fewest runs that are compared: below a sentence or two, likeness says nothing.
pub const FEWEST_RUNS: usize = 12;

/// The most texts that are compared with each other; more would be compared pair by pair for long.
pub const MOST_TEXTS: usize = 500;

/// The runs of words of one text, each as a number.
#[derive(Debug, Clone)]
pub struct Runs(HashSet<u64>);

/// The runs of words of a text; `None` if there are too few to compare.
pub fn runs(text: &str) -> Option<Runs> {
    let words = words(text);
    let runs: HashSet<u64> = words.windows(RUN).map(hash).collect();
    (runs.len() >= FEWEST_RUNS).then_some(Runs(runs))
}

/// How much of the shorter text stands in the longer one, in percent, rounded down.
pub fn containment(one: &Runs, other: &Runs) -> usize {
    let (one, other) = (&one.0, &other.0);
    let (small, large) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    let shared = small.iter().filter(|run| large.contains(run)).count();
    shared * 100 / small.len().max(1)
}

/// All pairs of near-duplicates, each with its share in percent, by their places in `texts`.
pub fn near_duplicates(texts: &[Option<Runs>]) -> Vec<(usize, usize, usize)> {
    let mut holders: HashMap<u64, Vec<usize>> = HashMap::new();
    let mut shared: HashMap<(usize, usize), usize> = HashMap::new();
    for (index, runs) in texts.iter().enumerate().take(MOST_TEXTS) {
        for run in runs.iter().flat_map(|runs| &runs.0) {
            let earlier = holders.entry(*run).or_default();
            for holder in earlier.iter() {
                *shared.entry((*holder, index)).or_default() += 1;
            }
            earlier.push(index);
        }
    }
    let size = |index: usize| texts[index].as_ref().map_or(1, |runs| runs.0.len());
    let mut pairs: Vec<(usize, usize, usize)> = shared
        .into_iter()
        .map(|((one, other), count)| (one, other, count * 100 / size(one).min(size(other))))
        .filter(|(_, _, percent)| *percent >= NEAR_DUPLICATE_PERCENT)
        .collect();
    pairs.sort_unstable();
    pairs
}

fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    for character in text.chars().flat_map(char::to_lowercase) {
        if character.is_alphanumeric() && !stands_alone(character) {
            word.push(character);
            continue;
        }
        if !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if stands_alone(character) {
            words.push(character.to_string());
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// Whether a character belongs to a script that writes words without spaces: Thai, Lao, Khmer,
/// Burmese, kana and Han.
fn stands_alone(character: char) -> bool {
    matches!(u32::from(character),
        0x0e00..=0x0eff | 0x1000..=0x109f | 0x1780..=0x17ff | 0x3040..=0x30ff | 0x3400..=0x9fff
        | 0x2_0000..=0x3_ffff)
}

fn hash(words: &[String]) -> u64 {
    // The default hasher has fixed keys: the same text gives the same runs on every machine.
    let mut hasher = DefaultHasher::new();
    words.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::{FEWEST_RUNS, RUN, containment, near_duplicates, runs, words};

    const REPORT: &str = "A high-ranking Russian delegation will soon visit Kabul to hold \
        discussions with Taliban officials, the special representative announced on Sunday after \
        he had met the foreign minister of the Taliban in the capital";

    fn share(one: &str, other: &str) -> usize {
        containment(&runs(one).unwrap(), &runs(other).unwrap())
    }

    #[test]
    fn a_reprint_with_a_new_headline_is_known() {
        let reprint = format!("MOSCOW LOOKS SOUTH. {} (agencies)", REPORT.to_uppercase());
        assert_eq!(share(REPORT, &reprint), 100);
        let cut: Vec<&str> = REPORT.split(' ').take(20).collect();
        assert_eq!(share(REPORT, &cut.join("  ")), 100);
    }

    #[test]
    fn another_report_of_the_same_is_not() {
        let other = "Officials in Kabul expect guests from Moscow within days. A high-ranking \
            Russian delegation will soon visit Kabul, said the envoy, who gave no date and named \
            no member; trade and transit are likely to come up when the two sides sit down";
        assert!((1..50).contains(&share(REPORT, other)), "{}", share(REPORT, other));
    }

    #[test]
    fn a_short_text_is_not_compared() {
        let words: Vec<String> = (0..RUN + FEWEST_RUNS - 1).map(|n| n.to_string()).collect();
        assert!(runs(&words.join(" ")).is_some());
        assert!(runs(&words[1..].join(" ")).is_none());
    }

    #[test]
    fn a_script_without_spaces_is_compared_by_its_characters() {
        assert_eq!(words("Er sagt: 外交部 ok"), ["er", "sagt", "外", "交", "部", "ok"]);
        let one = "金砖国家以视频连线的方式举行应对新冠肺炎疫情特别外长会";
        assert_eq!(share(one, &format!("新华社：{one}。")), 100);
    }

    #[test]
    fn the_pairs_are_those_that_a_comparison_of_each_with_each_finds() {
        let cut: Vec<&str> = REPORT.split(' ').skip(9).collect();
        let texts = [REPORT, "too short", &cut.join(" "), &REPORT.replace("the", "one"), REPORT];
        let sets: Vec<_> = texts.iter().map(|text| runs(text)).collect();
        let mut naive = Vec::new();
        for one in 0..sets.len() {
            for other in one + 1..sets.len() {
                if let (Some(a), Some(b)) = (&sets[one], &sets[other])
                    && containment(a, b) >= 50
                {
                    naive.push((one, other, containment(a, b)));
                }
            }
        }
        assert!(naive.len() > 2);
        assert_eq!(near_duplicates(&sets), naive);
    }
}
