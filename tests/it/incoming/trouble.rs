//! Calls to our number while something is wrong at our end, and what is written of them.

use super::*;

/// Law 7, with what must not stand in an address.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_store_is_slow_the_caller_hears_so_and_no_birthday_travels() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}/day.db", folder.path().display());
    let office = Reception::open_on(open(&url).await.expect("a store"), ADA).await;
    let hold = async || {
        let mut other = SqliteConnection::connect(&url).await.expect("the file");
        other.execute("BEGIN IMMEDIATE").await.expect("the lock");
        other
    };
    let ada = office.is_called("CA1", HER_NUMBER).await;
    let (_, address) = ada.heard.keys.clone().expect("keys");

    let mut lock = hold().await;
    let moment = office.hear(&ada.posts(&address, &[("Digits", "0412")]).await);
    assert_eq!(moment.text, "One moment, please.");
    let again = moment.goes_on.expect("it is asked again");
    assert_eq!(again, format!("{address}?try=1"));
    lock.execute("ROLLBACK").await.expect("released");
    // What was begun has been done, or the question comes again.
    let next = office.hear(&ada.posts(&again, &[]).await);
    assert!(next.goes_on.is_some() || next.text == ASKED_AGAIN, "{next:?}");

    let stranger = office.is_called("CA2", "+16175559999").await;
    let (_, address) = stranger.heard.keys.clone().expect("keys");
    let mut lock = hold().await;
    let moment = office.hear(&stranger.posts(&address, &[("Digits", "9")]).await);
    let again = moment.goes_on.expect("it is asked again");
    assert_eq!(again, format!("{address}?try=1&key=9"));
    let sorry = office.hear(&stranger.posts(&format!("{address}?try=3&key=9"), &[]).await);
    assert!(sorry.text.starts_with("We are sorry.") && sorry.hangs_up, "nothing is said as done: {sorry:?}");
    lock.execute("ROLLBACK").await.expect("released");
    assert_eq!(office.hear(&stranger.posts(&again, &[]).await).text, OPTED_OUT);
    assert_eq!(office.opted_out().await.len(), 1);
}

/// Lines of the log, as a service writes them.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no panic").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn nothing_of_the_caller_stands_in_a_log() {
    let lines = Lines::default();
    let writer = lines.clone();
    let filter = tracing_subscriber::EnvFilter::new("callahead=trace");
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(move || writer.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let office = Reception::open(ADA).await;
    let mut ada = office.is_called("CA1", HER_NUMBER).await;
    ada.presses("0503").await.presses("0412").await.presses("1").await;
    ada.hangs_up(60).await;
    let mut stranger = office.is_called("CA2", "+16175559999").await;
    stranger.presses("9").await;

    let entries = office.log().await;
    let mut log = serde_json::to_string(&entries).expect("JSON");
    log.push_str(&String::from_utf8_lossy(&lines.0.lock().expect("no panic")));
    assert!(log.contains("goes on as this attempt") && log.contains("incoming/{token}/2/digits"), "there is a log: {log}");
    for private in ["5550101", "5559999", "0412", "0503", "1961", "Ottoline", "\"ada", "ada/boston", "Köln"] {
        assert!(!log.contains(private), "{private} stands in {log}");
    }
    let secret = |run: &str| run.len() >= 40 && run.bytes().all(|b| b.is_ascii_hexdigit());
    assert!(!log.split(|c: char| !c.is_ascii_alphanumeric()).any(secret), "a token stands in {log}");
}
