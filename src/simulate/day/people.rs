//! The patients of a day.

use super::draw::Draw;
use crate::carrier::simulator::persona;
use crate::core::domain::PhoneNumber;
use chrono::{Datelike, NaiveDate};

/// A patient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The hospital's number of them.
    pub id: String,
    /// First and last name.
    pub name: (&'static str, &'static str),
    /// Nobody else of the day was born on this day of the year, so that who calls us is known by it.
    pub born: NaiveDate,
    /// Their telephone at home; its last two digits say what happens there (`persona`).
    pub home: Option<PhoneNumber>,
    /// Their mobile telephone.
    pub mobile: Option<PhoneNumber>,
    /// A language tag; empty where nobody knows.
    pub language: &'static str,
    /// The site where they are seen.
    pub site: &'static str,
}

impl Person {
    /// The number that is dialled first.
    pub fn phone(&self) -> Option<&PhoneNumber> {
        self.home.as_ref().or(self.mobile.as_ref())
    }

    /// What they enter as their birthday.
    pub fn birthday(&self) -> String {
        format!("{:02}{:02}", self.born.month(), self.born.day())
    }
}

const FIRST: [&str; 12] = ["Ada", "Bruno", "Clara", "Dario", "Edith", "Felix", "Greta", "Hugo", "Irma", "Jonas", "Karla", "Leo"];
const LAST: [&str; 10] =
    ["Pinecone", "Overcoat", "Kettleby", "Fernsample", "Mosswell", "Tarnish", "Quillon", "Brackish", "Lanternly", "Dewpond"];

/// Area codes near a site, whichever zone it has on the day, and of zones far from it: Chicago, Los Angeles, Honolulu,
/// Anchorage, Phoenix, Puerto Rico, and one with two zones.
const NEAR: [(&str, &[&str]); 2] = [("boston", &["617", "857", "781", "508"]), ("denver", &["303", "720", "719", "970"])];
const FAR: [&str; 7] = ["312", "415", "808", "907", "602", "787", "850"];

/// How often what answers, by the last two digits of the number.
const PERSONAS: [(&str, u64); 16] = [
    // Listens to the end and presses 1; presses 1; presses 2; into the message; late.
    ("09", 14),
    ("01", 10),
    ("02", 7),
    ("07", 4),
    ("23", 4),
    // Presses 9; 7 in the repeat; hangs up; says nothing.
    ("26", 3),
    ("96", 2),
    ("08", 4),
    ("06", 4),
    // A machine; one with little tape; busy; nobody.
    ("10", 8),
    ("92", 2),
    ("13", 5),
    ("14", 8),
    // Changes their mind; asks for a person, and presses 1 after that.
    ("97", 4),
    ("27", 2),
    ("98", 2),
];

/// The patients of a day, `from` which number on they are counted.
pub(super) fn people(draw: &Draw, sites: &[&'static str], from: usize, count: usize) -> Vec<Person> {
    let mut people: Vec<Person> = Vec::with_capacity(count);
    for n in 0..count {
        let site = sites[draw.below(sites.len())];
        // One in eight shares the telephone of somebody before.
        let shared = (draw.is(0.12) && n > 0).then(|| people[draw.below(n)].home.clone()).flatten();
        let home = shared.or_else(|| Some(free_number(draw, site, &people)).filter(|_| !draw.is(0.03)));
        let mobile = if home.is_none() || draw.is(0.2) { Some(free_number(draw, site, &people)) } else { None };
        let born = NaiveDate::from_ymd_opt(1940 + draw.below(60) as i32, 1, 1).unwrap_or_default();
        let born = born + chrono::Days::new(((from + n) * 7 % 360) as u64);
        people.push(Person {
            id: format!("MRN{:04}", 1000 + from + n),
            name: (FIRST[draw.below(FIRST.len())], LAST[draw.below(LAST.len())]),
            born,
            home,
            mobile,
            language: draw.of(&[("en-US", 50), ("es-US", 12), ("es", 5), ("", 20), ("pl", 2)]),
            site,
        });
    }
    people
}

/// A number that nobody has, as long as there are some. They are of the block 555-01XX, which belongs to nobody.
fn free_number(draw: &Draw, site: &str, people: &[Person]) -> PhoneNumber {
    let near = NEAR.iter().find(|(key, _)| *key == site).map_or(&FAR[..], |(_, codes)| codes);
    for tries in 0.. {
        let digits = if draw.is(0.75) { draw.of(&PERSONAS) } else { persona::TABLE[draw.below(persona::TABLE.len())].digits };
        let code = if draw.is(0.7) { near[draw.below(near.len())] } else { FAR[draw.below(FAR.len())] };
        let taken = |number: &PhoneNumber| people.iter().any(|p| [&p.home, &p.mobile].contains(&&Some(number.clone())));
        let number = PhoneNumber::parse(&format!("+1{code}55501{digits}")).ok();
        if let Some(number) = number.filter(|number| tries > 100 || !taken(number)) {
            return number;
        }
    }
    unreachable!("the numbers of this form can be read")
}
