//! What a configuration may say and this version does not do yet. It is said, never ignored: a hospital would believe that
//! its feed is read.

use super::{CarrierConfig, CsvMode, FeedConfig, FeedKind, NotBuilt};
use crate::carrier::KINDS;
use crate::core::ids::{CarrierName, FeedName};
use crate::toml_file::Section;
use std::collections::BTreeMap;

pub(super) fn not_built(
    root: &Section<'_>,
    carriers: &BTreeMap<CarrierName, CarrierConfig>,
    feeds: &BTreeMap<FeedName, FeedConfig>,
) -> Vec<NotBuilt> {
    let mut found = Vec::new();
    for (name, section) in root.sections("carriers") {
        let Some(carrier) = carriers.get(&CarrierName::new(name)).filter(|carrier| !carrier.kind.is_built()) else { continue };
        let built: Vec<_> = KINDS.iter().filter(|kind| kind.is_built()).map(|kind| kind.word).collect();
        let built = built.join(", ");
        let message = format!("carriers.{name}: kind {} is not built yet; these are: {built}", carrier.kind.word);
        found.push(NotBuilt { fault: section.place_of(&["kind"]).fault("not_built", message), stops_serve: true });
    }
    for (name, section) in root.sections("feeds") {
        let Some(feed) = feeds.get(&FeedName::new(name)) else { continue };
        let (by_hand, snapshot) = match &feed.kind {
            FeedKind::Csv(csv) => (csv.path.is_none(), csv.mode == CsvMode::Snapshot),
            FeedKind::Hl7(_) | FeedKind::Fhir(_) => (false, false),
        };
        if !by_hand {
            let way = match &feed.kind {
                FeedKind::Csv(_) => format!("use `callahead import --feed {name}`, and leave `path` out"),
                FeedKind::Hl7(_) | FeedKind::Fhir(_) => {
                    format!("{} is not built, so use files and `callahead import`", feed.kind.as_str())
                }
            };
            let message = format!("feeds.{name}: `serve` reads no feed yet; {way}");
            let place = section.place_of(&["path", "listen", "base_url"]);
            found.push(NotBuilt { fault: place.fault("not_built", message), stops_serve: true });
        }
        if snapshot {
            let message = format!(
                "feeds.{name}: mode \"snapshot\" is not built yet, so a missing row would cancel nothing: use \"delta\" and \
                 files that name what was cancelled"
            );
            found.push(NotBuilt { fault: section.place_of(&["mode"]).fault("not_built", message), stops_serve: true });
        }
    }
    found.sort_by_key(|missing| (missing.fault.file.clone(), missing.fault.line));
    found
}
