//! Which visits and notices a job is for.
//!
//! A job for some departments, or for some sites, overrides one for all: where such a job is on and is for a visit (its
//! sites, departments and services), a less specific job of the same purpose gives it up, with the reason
//! `site_or_department_excluded`. Departments are more specific than sites; among equals the first file has the touch.

use super::trail::{Refusal, Trail};
use super::visits::VisitView;
use super::{Job, Notice, Review, Rules, Select, Skip};
use crate::domain::Service;
use crate::ids::SiteKey;
use crate::phi::Phi;
use std::borrow::Cow;

type Pass<T = ()> = Result<T, Refusal>;

/// What a job is judged to be for: a visit as it stands, or what a notice is about, as it was last announced.
pub(crate) trait Subject {
    fn site(&self) -> &SiteKey;
    /// The departments that count: for a visit those of its booked bookings, or of all where nothing is booked.
    fn departments(&self) -> impl Iterator<Item = Option<&Phi<String>>>;
    /// The services that count.
    fn services(&self) -> impl Iterator<Item = Service>;
}

impl Subject for VisitView<'_> {
    fn site(&self) -> &SiteKey {
        self.site
    }

    fn departments(&self) -> impl Iterator<Item = Option<&Phi<String>>> {
        self.spoken_of().map(|a| a.department.as_ref())
    }

    fn services(&self) -> impl Iterator<Item = Service> {
        self.booked().map(|a| a.service)
    }
}

impl Subject for Notice {
    fn site(&self) -> &SiteKey {
        &self.old.site
    }

    fn departments(&self) -> impl Iterator<Item = Option<&Phi<String>>> {
        self.about.iter().map(|old| old.department.as_ref())
    }

    fn services(&self) -> impl Iterator<Item = Service> {
        self.about.iter().map(|old| old.service)
    }
}

pub(crate) fn job_enabled(job: &Job, trail: &mut Trail) -> Pass {
    if !job.enabled {
        return Err(trail.skip("job", "the job is switched off", Skip::JobDisabled));
    }
    trail.pass("job", "enabled");
    Ok(())
}

/// A department filter passes when one counting booking is in it. The department itself is part of the reason for the
/// visit and is not named.
pub(crate) fn site_and_department(rules: &Rules, job: &Job, subject: &impl Subject, trail: &mut Trail) -> Pass {
    const RULE: &str = "site_and_department";
    let select = &job.select;
    if !is_at(select, subject) {
        let detail = format!("the job is not for the site {}", subject.site());
        return Err(trail.skip(RULE, detail, Skip::SiteOrDepartmentExcluded));
    }
    if !is_in(select, subject) {
        return Err(trail.skip(RULE, "the job is not for the departments of this visit", Skip::SiteOrDepartmentExcluded));
    }
    if let Some(other) = overridden_by(rules, job, subject) {
        let what = if other.select.departments.is_empty() { "site" } else { "department" };
        let detail = format!("the job {} is for this {what} and goes before one that is for more", other.name);
        return Err(trail.skip(RULE, detail, Skip::SiteOrDepartmentExcluded));
    }
    trail.pass(RULE, if select.departments.is_empty() { "the site is in the job" } else { "site and department are in the job" });
    Ok(())
}

/// At least one counting booking of a service of the job. A job without services takes every service that is known.
/// `review`: whether something unclassified is shown to a person.
pub(crate) fn service(job: &Job, subject: &impl Subject, review: bool, trail: &mut Trail) -> Pass {
    let mut found: Vec<Service> = Vec::new();
    for service in subject.services() {
        if !found.contains(&service) {
            found.push(service);
        }
    }
    let detail: Cow<'static, str> = match found.as_slice() {
        [one] => one.as_str().into(),
        several => several.iter().map(|s| s.as_str()).collect::<Vec<_>>().join(", ").into(),
    };
    if found.iter().any(|service| job.select.takes(*service)) {
        trail.pass("service", detail);
        return Ok(());
    }
    Err(match review && found.contains(&Service::Unknown) {
        true => trail.review("service", detail, Review::UnknownService),
        false => trail.skip("service", detail, Skip::NotEligibleService),
    })
}

fn is_at(select: &Select, subject: &impl Subject) -> bool {
    select.sites.is_empty() || select.sites.contains(subject.site())
}

fn is_in(select: &Select, subject: &impl Subject) -> bool {
    let listed = |department: Option<&Phi<String>>| {
        let department = department.map(|d| d.reveal().trim());
        department.is_some_and(|d| select.departments.iter().any(|wanted| wanted.trim().eq_ignore_ascii_case(d)))
    };
    select.departments.is_empty() || subject.departments().any(listed)
}

/// How narrow a job's filters are: departments before sites before none.
fn narrowness(select: &Select) -> u8 {
    2 * u8::from(!select.departments.is_empty()) + u8::from(!select.sites.is_empty())
}

fn overridden_by<'a>(rules: &'a Rules, job: &Job, subject: &impl Subject) -> Option<&'a Job> {
    let own = narrowness(&job.select);
    let narrower = rules.jobs_for(job.purpose).filter(|other| other.enabled && narrowness(&other.select) > own);
    narrower
        .filter(|other| is_at(&other.select, subject) && is_in(&other.select, subject))
        .find(|other| subject.services().any(|service| other.select.takes(service)))
}
