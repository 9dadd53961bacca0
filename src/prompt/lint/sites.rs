//! Folders of sites that the configuration does not know: whatever stands there, nobody would hear it.

use super::{Findings, Hospital};
use crate::core::ids::SiteKey;
use crate::fault::{Fault, nearest};
use crate::prompt::Packs;
use std::path::Path;

pub(super) fn unknown(packs: &Packs, folder: &Path, hospital: &Hospital) -> Findings {
    let known: Vec<&str> = hospital.sites.iter().map(|(key, _)| key.as_str()).collect();
    let told = packs.sites().filter(|site| !known.contains(&site.as_str())).map(|site: &SiteKey| {
        let meant = nearest(site.as_str(), known.iter().copied()).map(|key| format!("; did you mean {key}?")).unwrap_or_default();
        let message = format!("there is no site {site} in the configuration; there are: {}{meant}", known.join(", "));
        Fault::of_file(&folder.join("sites").join(site.as_str()), "unknown_site", message)
    });
    told.collect::<Vec<_>>().into()
}
