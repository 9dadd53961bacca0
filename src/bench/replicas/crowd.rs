//! Half a million attempts that wait, as rows of the store. A few patients are booked through the store and planned by the
//! planner, and then their rows are multiplied where they stand, ids and telephones apart, so that everything in them is
//! what the program itself has written.

use super::account::{Expected, Stretch};
use super::{SITES, Size};
use crate::app::{listed, read_rulings};
use crate::bench::world::World;
use crate::board::Board;
use crate::chance::Chance;
use crate::clock::Clock;
use crate::core::domain::{Appointment, AppointmentStatus, Patient, PatientFlags, Phone, PhoneKind, Service};
use crate::core::ids::PatientId;
use crate::planner::Planner;
use crate::store::{IntakeBatch, Revised, SharedStore, open};
use anyhow::{anyhow, ensure};
use chrono::{DateTime, Duration, Utc};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::collections::{HashMap, HashSet};

/// Visits of those who wait lie on so many days in a row.
const DAYS: usize = 20;
/// Somebody who hangs up, presses 1 at once, is busy, cannot be reached.
const SHORT: [&str; 5] = ["08", "07", "13", "16", "08"];
/// Somebody who stays for half a minute.
const LONG: [&str; 1] = ["25"];
/// From one load to the next, so that each begins with free lines.
const BETWEEN: Duration = Duration::seconds(10);

/// Patients like one that stands in the store.
struct Alike {
    /// The one, and its number.
    template: (String, String),
    site: usize,
    count: usize,
    endings: &'static [&'static str],
    /// When the first one is due, and from one to the next; none: as the planner has it.
    due: Option<(DateTime<Utc>, Duration)>,
    stretch: Stretch,
}

/// The hospital, while it is written.
pub struct Crowd<'w> {
    world: &'w World,
    store: SharedStore,
    plain: PgConnection,
    planner: Planner,
    /// How many there are.
    written: usize,
    /// The numbers of those from whose rows all others are made.
    templates: HashSet<String>,
}

/// When the stretches of a run begin.
#[derive(Debug, Clone, Copy)]
pub struct Moments {
    pub steady: DateTime<Utc>,
    pub flood: DateTime<Utc>,
    pub lines: DateTime<Utc>,
}

impl Moments {
    /// Of a run that begins then.
    pub fn from(steady: DateTime<Utc>, size: &Size) -> Moments {
        let flood = steady + Duration::seconds(i64::from(size.steady_s)) + BETWEEN;
        // A little longer than the flood takes at the pace that is allowed.
        let lines = flood + Duration::seconds(i64::from(size.flood_s)) * 11 / 10 + BETWEEN;
        Moments { steady, flood, lines }
    }
}

impl<'w> Crowd<'w> {
    /// An empty hospital in an empty database.
    pub async fn open(world: &'w World, url: &str) -> anyhow::Result<Crowd<'w>> {
        let store = open(url).await?;
        store.migrate().await?;
        let rules = read_rulings(&world.config()?).map_err(|faults| anyhow!(listed(&faults)))?.rules;
        let (board, clock, chance) = (Board::new(rules), Clock::system(), Chance::from_system()?);
        let planner = Planner { store: store.clone(), board, clock, chance };
        let mut plain = PgConnection::connect(url).await?;
        // Only what is measured must be durable.
        sqlx::query("SET synchronous_commit = off").execute(&mut plain).await?;
        Ok(Crowd { world, store, plain, planner, written: 0, templates: HashSet::new() })
    }

    /// Writes those who wait for days to come, at sites of very different sizes.
    pub async fn wait(&mut self, count: usize) -> anyhow::Result<()> {
        let mut alike = Vec::new();
        for (site, (name, percent)) in SITES.iter().enumerate() {
            for day in 1..=DAYS {
                let template = self.template(name, &format!("wait-{day}"), Duration::days(day as i64)).await?;
                let count = count * percent / 100 / DAYS;
                alike.push(Alike { template, site, count, endings: &["13"], due: None, stretch: Stretch::Steady });
            }
        }
        self.plan(&alike).await?;
        for some in &alike {
            self.multiply(some).await?;
        }
        // As the server does by itself after a while.
        for table in ["patients", "patient_numbers", "appointments", "outreaches", "attempts", "plan_inputs", "decisions"] {
            sqlx::query(AssertSqlSafe(format!("VACUUM ANALYZE {table}"))).execute(&mut self.plain).await?;
        }
        Ok(())
    }

    /// Writes those who are called in this run; all of them by number.
    pub async fn fall_due(&mut self, size: &Size, moments: &Moments) -> anyhow::Result<HashMap<String, Expected>> {
        let mut alike = Vec::new();
        let gap = |calls: usize, seconds: u32| Duration::microseconds(i64::from(seconds) * 1_000_000 / calls.max(1) as i64);
        for (site, (name, percent)) in SITES.iter().enumerate() {
            // The small ones among them have a call now and then.
            let steady = size.rate as usize * size.steady_s as usize * percent / 100;
            let (first, endings) = (moments.steady, &SHORT[..]);
            let template = self.template(name, "steady", Duration::zero()).await?;
            let due = Some((first, gap(steady, size.steady_s)));
            alike.push(Alike { template, site, count: steady, endings, due, stretch: Stretch::Steady });

            let seconds = size.flood_s as usize;
            // The first site has everything at once, and visits that come before all others.
            let (count, each) = match site {
                0 => ((size.allowed as usize - (SITES.len() - 1) * size.trickle as usize) * seconds, Duration::zero()),
                _ => (size.trickle as usize * seconds, gap(size.trickle as usize * seconds, size.flood_s)),
            };
            let early = if site == 0 { Duration::hours(-3) } else { Duration::zero() };
            let template = self.template(name, "flood", early).await?;
            let due = Some((moments.flood, each));
            alike.push(Alike { template, site, count, endings, due, stretch: Stretch::Flood });

            let template = self.template(name, "lines", Duration::zero()).await?;
            let due = Some((moments.lines, Duration::zero()));
            let count = (size.lines * 3 / 2 * percent).div_ceil(100);
            alike.push(Alike { template, site, count, endings: &LONG, due, stretch: Stretch::Lines });
        }
        self.plan(&alike).await?;
        let mut expected = HashMap::new();
        for some in &alike {
            for place in 0..some.count {
                let (first, each) = some.due.expect("each of these has a moment");
                let number = number(self.written + place, some.endings);
                let due = first + each * place as i32;
                expected.insert(number, Expected { due, site: some.site, stretch: some.stretch });
            }
            self.multiply(some).await?;
        }
        Ok(expected)
    }

    /// Lets go of the store. The numbers of those from whose rows all others were made: they are called where it is time to.
    pub async fn close(self) -> anyhow::Result<HashSet<String>> {
        self.store.close().await;
        self.plain.close().await?;
        Ok(self.templates)
    }

    /// Books one patient, whose visit is so much later than tomorrow at three.
    async fn template(&self, site: &str, what: &str, later: Duration) -> anyhow::Result<(String, String)> {
        let id = format!("template-{site}-{what}");
        let number = format!("+1617{:07}", 2_000_000 + self.planner.chance.below(1_000_000));
        let patient = Patient {
            id: PatientId::new(&*id),
            first_name: None,
            last_name: None,
            birth_date: None,
            phones: vec![Phone::read(PhoneKind::Home, &number)],
            language: None,
            flags: PatientFlags::default(),
            updated_at: None,
        };
        let booking = Appointment {
            id: format!("visit-of-{id}").as_str().into(),
            patient: patient.id.clone(),
            site: site.into(),
            department: None,
            start: self.world.start + later,
            duration_minutes: None,
            service: Service::Exam,
            service_by_rule: false,
            visit_type: None,
            status: AppointmentStatus::Booked,
            established: None,
            booked_at: self.world.start - Duration::days(30),
            updated_at: None,
            feed: "bench".into(),
        };
        let batch = IntakeBatch {
            feed: "bench".into(),
            at: self.planner.clock.now(),
            raw: Vec::new(),
            appointments: vec![Revised { value: booking, revision: 0 }],
            patients: vec![Revised { value: patient, revision: 0 }],
            withdraw: Vec::new(),
            opt_outs: Vec::new(),
            changes: Vec::new(),
            consents: Vec::new(),
            heard: None,
        };
        self.store.commit_intake(&batch).await?;
        Ok((id, number))
    }

    async fn plan(&mut self, alike: &[Alike]) -> anyhow::Result<()> {
        let ids: Vec<PatientId> = alike.iter().map(|some| PatientId::new(&*some.template.0)).collect();
        let planned = self.planner.plan(&ids).await?;
        ensure!(planned.actions == ids.len(), "the planner promised {} calls of {}", planned.actions, ids.len());
        Ok(())
    }

    /// Writes them all, from the rows of the one.
    async fn multiply(&mut self, some: &Alike) -> anyhow::Result<()> {
        let (first, last) = (self.written, self.written + some.count);
        self.written = last;
        self.templates.insert(some.template.1.clone());
        let endings = format!("(ARRAY['{}'])[n % {} + 1]", some.endings.join("','"), some.endings.len());
        let number = format!("'+1' || 212 + n / 80000 || 200 + n / 100 % 800 || lpad((n % 100)::text, 2, '0') || {endings}");
        let all = format!("generate_series({first}::bigint, {last}::bigint - 1) AS n");
        let due = some.due.map_or("'{}'".to_string(), |(at, each)| {
            let each = each.num_microseconds().unwrap_or(0);
            format!("jsonb_build_object('due_at', {} + (n - {first}) * {each})", at.timestamp_micros())
        });
        let other = |text: &str| format!("replace(replace({text}, $1, 'P' || n), $2, {number})");
        let rows = |table: &str, ids: &str, own: &str| {
            format!(
                "INSERT INTO {table} SELECT r.* FROM {table} t CROSS JOIN {all}
                 CROSS JOIN LATERAL jsonb_populate_record(NULL::{table}, {}::jsonb || {ids}) r WHERE {own}",
                other("to_jsonb(t)::text")
            )
        };
        let outreach = "t.outreach = (SELECT id FROM outreaches WHERE patient = $1)";
        let attempt = format!("jsonb_build_object('id', 'a-P' || n, 'outreach', 'o-P' || n) || {due}");
        for statement in [
            rows("patients", "'{}'", "t.id = $1"),
            format!(
                "INSERT INTO patient_numbers (number, patient) SELECT {}, 'P' || n FROM patient_numbers t CROSS JOIN {all}
                 WHERE t.patient = $1",
                other("t.number")
            ),
            rows("appointments", "'{}'", "t.patient = $1"),
            rows("outreaches", "jsonb_build_object('id', 'o-P' || n)", "t.patient = $1"),
            rows("attempts", &attempt, outreach),
            format!(
                "WITH made AS (
                     INSERT INTO plan_inputs (at, patient, facts, rules)
                     SELECT t.at, 'P' || n, {}, t.rules FROM plan_inputs t CROSS JOIN {all}
                     WHERE t.id = (SELECT d.inputs FROM decisions d WHERE d.visit = (SELECT visit FROM outreaches WHERE patient = $1))
                     RETURNING id, patient)
                 INSERT INTO decisions (at, visit, job, essence, body, inputs)
                 SELECT d.at, replace(d.visit, $1, m.patient), d.job, d.essence, replace(d.body, $1, m.patient), m.id
                 FROM made m, decisions d WHERE d.visit = (SELECT visit FROM outreaches WHERE patient = $1)",
                other("t.facts")
            ),
        ] {
            // Both are of our own making, and those that a statement does not name are of no concern to it.
            let (patient, number) = (&some.template.0, &some.template.1);
            let statement = statement.replace("$1", &format!("'{patient}'")).replace("$2", &format!("'{number}'"));
            sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut self.plain).await?;
        }
        Ok(())
    }
}

/// The number of the `n`-th one: each their own, and its ending chooses how they behave.
fn number(n: usize, endings: &[&str]) -> String {
    format!("+1{}{}{:02}{}", 212 + n / 80_000, 200 + n / 100 % 800, n % 100, endings[n % endings.len()])
}
