//! Lists of calls, page by page.

use super::api::{Net, own_account};
use super::dialect::ApiFault;
use super::network::Network;
use super::tally::CallTally;
use crate::carrier::family::form::{self, field};
use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use chrono::NaiveDate;
use serde_json::Value;

/// Answers with the calls that the query asks for, the newest first.
pub async fn list(State(network): Net, Path(account): Path<String>, RawQuery(query): RawQuery) -> Response {
    if let Err(refusal) = own_account(&network, &account) {
        return *refusal;
    }
    let query = form::pairs(query.unwrap_or_default().as_bytes());
    match page(&network, &query) {
        Ok(page) => Json(page).into_response(),
        Err(fault) => fault.answer(network.dialect),
    }
}

fn page(network: &Network, query: &[(String, String)]) -> Result<Value, ApiFault> {
    let bad = |name: &str| ApiFault::new(400, 20001, format!("{name} is not valid"));
    let (first_day, is_within) = network.dialect.first_day();
    let day: Option<NaiveDate> = match field(query, first_day) {
        None => None,
        Some(text) => Some(text.parse().map_err(|_| bad(first_day))?),
    };
    let number = |name, default: usize, most: usize| match field(query, name) {
        None => Ok(default),
        Some(text) => text.parse().ok().filter(|number| *number <= most).ok_or_else(|| bad(name)),
    };
    let (size, page) = (number("PageSize", 50, 1000)?.max(1), number("Page", 0, 1_000_000)?);
    let in_time = |call: &CallTally, day: NaiveDate| {
        let created = call.created_at.date_naive();
        created > day || (is_within && created == day)
    };
    let mut found = network.calls_where(|call| {
        field(query, "To").is_none_or(|to| call.to.as_str() == to)
            && field(query, "From").is_none_or(|from| call.from.reveal() == from)
            && field(query, "Status").is_none_or(|status| call.status.as_str() == status)
            && day.is_none_or(|day| in_time(call, day))
    });
    found.reverse();
    let shown = found.iter().skip(page * size).take(size);
    let shown: Vec<Value> = shown.map(|call| network.dialect.resource(&network.account, call)).collect();
    let next = (found.len() > (page + 1) * size).then(|| next_page(network, query, page + 1));
    Ok(network.dialect.page(&network.account, shown, page, size, found.len(), next))
}

fn next_page(network: &Network, query: &[(String, String)], page: usize) -> String {
    let dialect = network.dialect;
    let ending = if dialect.strip_suffix("x").is_none() { ".json" } else { "" };
    let mut url = reqwest::Url::parse("http://localhost").expect("a constant that is a URL");
    url.set_path(&format!("{}{}{ending}", dialect.api_path(), dialect.calls_path(&network.account)));
    let kept = query.iter().filter(|(name, _)| name != "Page");
    url.query_pairs_mut().extend_pairs(kept).append_pair("Page", &page.to_string());
    format!("{}?{}", url.path(), url.query().unwrap_or_default())
}
