//! How carriers fetch what is played: by real HTTP, with everything that caches and players ask for.

use crate::store_suite::samples;
use crate::support::prompts::copy_folder;
use callahead::app::{Engine, Listeners, Looked, Reload, Rooms};
use callahead::carrier::Page;
use callahead::chance::Chance;
use callahead::clock::Clock;
use callahead::config::Config;
use callahead::core::call::{Step, Then, Utterance};
use callahead::core::domain::AttemptStatus;
use callahead::core::link::{CarrierState, News};
use callahead::prompt::Listener;
use callahead::store::{SharedStore, open};
use reqwest::{Client, Method, Response, StatusCode, redirect};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::net::TcpListener;

/// An engine and a carrier that fetches from it.
struct Line {
    engine: Engine,
    client: Client,
    base: String,
}

impl Line {
    async fn open(prompts: PathBuf, store: SharedStore) -> Line {
        let (line, _) = Line::open_at(prompts, store, fixed()).await;
        line
    }

    async fn open_at(prompts: PathBuf, store: SharedStore, clock: Clock) -> (Line, Reload) {
        let web = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", web.local_addr().expect("an address"));
        let rooms = rooms_of(prompts, store, &base, clock).await;
        let reload = Reload::of(&rooms);
        let engine = Engine::start(rooms, Listeners { web, console: None }).expect("an engine");
        let client = Client::builder().redirect(redirect::Policy::none()).build().expect("a client");
        (Line { engine, client, base }, reload)
    }

    /// The id of an audio that a call would play, and what the store keeps of it.
    fn audio(&self) -> (Page, (String, String)) {
        let voice = &self.engine.live.voice;
        let say = vec![Utterance::Phrase("say/hello".into()), Utterance::Organization, Utterance::Phrase("say/thank-you".into())];
        let step = Step { number: 1, say, slow: false, then: Then::HangUp };
        let (page, mut kept) = voice.page(&voice.now(), &Listener::anybody(&"en-US".into()), &step).expect("recorded");
        (page, kept.pop().expect("one audio"))
    }

    async fn ask(&self, method: Method, file: &str, headers: &[(&str, &str)]) -> Response {
        let mut request = self.client.request(method, format!("{}/audio/{file}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.expect("an answer")
    }

    async fn get(&self, file: &str, headers: &[(&str, &str)]) -> Response {
        self.ask(Method::GET, file, headers).await
    }
}

fn fixed() -> Clock {
    Clock::fixed("2026-11-27T15:00:00Z".parse().expect("a time"))
}

async fn rooms_of(prompts: PathBuf, store: SharedStore, base: &str, clock: Clock) -> Rooms {
    let mut config = Config::defaults();
    config.prompts = prompts;
    config.schedules = Path::new(env!("CARGO_MANIFEST_DIR")).join("schedules");
    config.server.public_url = base.to_string();
    Rooms::open(config, store, clock, Chance::seeded(7)).await.expect("rooms")
}

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts")
}

async fn store() -> SharedStore {
    open("sqlite::memory:").await.expect("a store")
}

fn header(answer: &Response, name: &str) -> String {
    answer.headers().get(name).map(|value| value.to_str().expect("a text").to_string()).unwrap_or_default()
}

#[tokio::test]
async fn a_player_gets_all_of_it_or_the_part_it_asks_for() {
    let line = Line::open(shipped(), store().await).await;
    let (page, (id, _)) = line.audio();
    assert_eq!(page.audio, [format!("{}/audio/{id}.wav", line.base)]);
    let (wav, etag) = (format!("{id}.wav"), format!("\"{id}\""));
    let whole = line.get(&wav, &[]).await;
    assert_eq!(whole.status(), StatusCode::OK);
    for (name, want) in [("content-type", "audio/wav"), ("accept-ranges", "bytes"), ("etag", &etag)] {
        assert_eq!(header(&whole, name), want);
    }
    assert_eq!(header(&whole, "cache-control"), "public, max-age=31536000, immutable");
    let bytes = whole.bytes().await.expect("a body");
    let sound = hound::WavReader::new(&bytes[..]).expect("a WAV file").into_samples::<i16>();
    let sound: Vec<i16> = sound.map(|sample| sample.expect("a sample")).collect();
    assert_eq!(sound, line.engine.live.voice.audio(&id).expect("known").samples().expect("recorded"));
    let length = bytes.len();

    let head = line.ask(Method::HEAD, &wav, &[("range", "bytes=0-3")]).await;
    assert_eq!((head.status(), header(&head, "content-length")), (StatusCode::OK, length.to_string()));
    assert_eq!((header(&head, "etag"), header(&head, "content-type")), (etag.clone(), "audio/wav".to_string()));
    assert!(head.bytes().await.expect("nothing").is_empty());

    for (range, from, until) in [
        ("bytes=0-3", 0, 4),
        ("bytes=44-", 44, length),
        ("bytes=-100", length - 100, length),
        ("bytes=-99999999", 0, length),
        ("bytes=100-99999999", 100, length),
    ] {
        let part = line.get(&wav, &[("range", range)]).await;
        assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT, "{range}");
        assert_eq!(header(&part, "content-range"), format!("bytes {from}-{}/{length}", until - 1), "{range}");
        assert_eq!((header(&part, "content-length"), header(&part, "etag")), ((until - from).to_string(), etag.clone()));
        assert_eq!(part.bytes().await.expect("a body"), bytes.slice(from..until), "{range}");
    }
    for range in [format!("bytes={length}-"), "bytes=99999999-".to_string(), "bytes=-0".to_string()] {
        let nothing = line.get(&wav, &[("range", &range)]).await;
        assert_eq!(nothing.status(), StatusCode::RANGE_NOT_SATISFIABLE, "{range}");
        assert_eq!(header(&nothing, "content-range"), format!("bytes */{length}"), "{range}");
    }
    for range in ["bytes=0-1,5-6", "bytes=9-3", "samples=0-3", "bytes"] {
        let all = line.get(&wav, &[("range", range)]).await;
        assert_eq!((all.status(), all.bytes().await.expect("a body").len()), (StatusCode::OK, length), "{range}");
    }
    // A part is only of use to whoever has the rest of the same.
    for (name, status) in [
        (etag.clone(), 206),
        (format!("W/{etag}"), 200),
        ("\"other\"".into(), 200),
        ("Fri, 27 Nov 2026 15:00:00 GMT".into(), 200),
    ] {
        let part = line.get(&wav, &[("range", "bytes=0-3"), ("if-range", &name)]).await;
        assert_eq!(part.status().as_u16(), status, "{name}");
    }
    line.engine.stop().await.expect("an orderly stop");
}

#[tokio::test]
async fn a_cache_that_has_it_is_told_so() {
    let line = Line::open(shipped(), store().await).await;
    let (_, (id, _)) = line.audio();
    let (wav, etag) = (format!("{id}.wav"), format!("\"{id}\""));
    for (names, status) in [
        (etag.clone(), 304),
        (format!("W/{etag}"), 304),
        (format!("\"other\", {etag}"), 304),
        (format!("\"a,b\" ,W/{etag},\"other\""), 304),
        ("*".to_string(), 304),
        ("\"other\"".to_string(), 200),
        (id.clone(), 200),
        (format!("\"{id}-ulaw\""), 200),
        (String::new(), 200),
    ] {
        for method in [Method::GET, Method::HEAD] {
            let answer = line.ask(method, &wav, &[("if-none-match", &names), ("range", "bytes=0-3")]).await;
            let want = if status == 200 && answer.status() == 206 { 206 } else { status };
            assert_eq!(answer.status().as_u16(), want, "{names}");
            assert_eq!(header(&answer, "etag"), etag, "{names}");
            if status == 304 {
                assert!(answer.bytes().await.expect("nothing").is_empty());
            }
        }
    }
    line.engine.stop().await.expect("an orderly stop");
}

#[tokio::test]
async fn mu_law_is_the_same_sound_a_byte_a_sample() {
    let line = Line::open(shipped(), store().await).await;
    let (_, (id, _)) = line.audio();
    let answer = line.get(&format!("{id}.ulaw"), &[]).await;
    assert_eq!((answer.status(), header(&answer, "content-type")), (StatusCode::OK, "audio/basic".to_string()));
    assert_eq!(header(&answer, "etag"), format!("\"{id}-ulaw\""));
    let coded = answer.bytes().await.expect("a body");
    let samples = line.engine.live.voice.audio(&id).expect("known").samples().expect("recorded");
    assert_eq!(coded.len(), samples.len(), "no header");
    // Decoded as ITU-T G.711 has it, every sample comes back within half a step of its segment.
    for (code, sample) in coded.iter().zip(&samples) {
        let code = !code;
        let magnitude = ((i32::from(code & 0x0f) * 2 + 33) << (code >> 4 & 7)) - 33;
        let value = if code & 0x80 == 0 { magnitude } else { -magnitude } * 4;
        let off = (value - i32::from(*sample)).abs();
        assert!(off <= 4 << (code >> 4 & 7), "{sample} comes back as {value}");
    }
    assert!(coded.iter().any(|code| *code != 0xff && *code != 0x7f), "somebody speaks");
    let part = line.get(&format!("{id}.ulaw"), &[("range", "bytes=8000-8007")]).await;
    assert_eq!((part.status(), part.bytes().await.expect("a body")), (StatusCode::PARTIAL_CONTENT, coded.slice(8_000..8_008)));
    line.engine.stop().await.expect("an orderly stop");
}

#[tokio::test]
async fn what_was_never_an_address_is_not_found() {
    let line = Line::open(shipped(), store().await).await;
    let (_, (id, _)) = line.audio();
    let unknown = "0".repeat(64);
    for file in [
        format!("{unknown}.wav"),
        format!("{unknown}.ulaw"),
        format!("{id}.mp3"),
        format!("{id}.WAV"),
        format!("{id}.wav.wav"),
        format!("{}.wav", id.to_uppercase()),
        id.clone(),
        format!("{id}.wav/"),
        ".wav".to_string(),
        "..%2Fen-US%2Fsay%2Fhello.wav".to_string(),
        format!("{}.wav", "a".repeat(4_000)),
    ] {
        for headers in [&[][..], &[("if-none-match", "*"), ("range", "bytes=0-3")][..]] {
            assert_eq!(line.get(&file, headers).await.status(), StatusCode::NOT_FOUND, "{file}");
        }
    }
    let posted = line.ask(Method::POST, &format!("{id}.wav"), &[]).await;
    assert_eq!(posted.status(), StatusCode::METHOD_NOT_ALLOWED);
    line.engine.stop().await.expect("an orderly stop");
}

/// Another replica makes the same from the store, and one with other recordings lets nobody keep what it has.
#[tokio::test]
async fn replicas_serve_the_same_or_say_that_it_is_not() {
    let store = store().await;
    let one = Line::open(shipped(), store.clone()).await;
    let (_, (id, recipe)) = one.audio();
    let wav = format!("{id}.wav");
    let sound = one.get(&wav, &[]).await.bytes().await.expect("a body");
    one.engine.stop().await.expect("an orderly stop");
    samples::requesting(&*store, "ada", samples::number(1)).await;
    let mut commit = samples::call_commit("ada", 0, Vec::new(), samples::standing(AttemptStatus::Accepted));
    commit.audio = vec![(id.clone(), recipe)];
    store.commit_call(&commit).await.expect("kept");

    let two = Line::open(shipped(), store.clone()).await;
    let same = two.get(&wav, &[]).await;
    assert_eq!((same.status(), header(&same, "etag")), (StatusCode::OK, format!("\"{id}\"")));
    assert_eq!(same.bytes().await.expect("a body"), sound);

    let folder = tempfile::tempdir().expect("a folder");
    copy_folder(&shipped(), folder.path());
    fs::copy(folder.path().join("en-US/say/goodbye.wav"), folder.path().join("en-US/say/thank-you.wav")).expect("recorded anew");
    let three = Line::open(folder.path().to_path_buf(), store.clone()).await;
    for headers in [&[][..], &[("range", "bytes=0-3")][..]] {
        let other = three.get(&wav, headers).await;
        assert_eq!((other.status(), header(&other, "cache-control")), (StatusCode::OK, "no-store".to_string()));
        assert_eq!((header(&other, "etag"), header(&other, "accept-ranges")), (String::new(), "none".to_string()));
        assert_ne!(other.bytes().await.expect("a body"), sound);
    }
    let known = three.get(&wav, &[("if-none-match", &format!("\"{id}\""))]).await;
    assert_eq!(known.status(), StatusCode::NOT_MODIFIED, "who has it has the right one");
    for line in [two, three] {
        line.engine.stop().await.expect("an orderly stop");
    }
}

/// A replica that was started with other prompts, or that has read them later, is asked for the apology of this one too.
#[tokio::test]
async fn the_apology_is_played_by_every_replica() {
    let store = store().await;
    let folder = tempfile::tempdir().expect("a folder");
    copy_folder(&shipped(), folder.path());
    let one = Line::open(folder.path().to_path_buf(), store.clone()).await;
    for name in ["say/sorry", "say/one-moment"] {
        let file = folder.path().join(format!("en-US/{name}.wav"));
        fs::copy(folder.path().join("en-US/say/goodbye.wav"), file).expect("recorded anew");
    }
    let two = Line::open(folder.path().to_path_buf(), store.clone()).await;
    let said = |line: &Line| [line.engine.live.voice.apology().audio, line.engine.live.voice.one_moment().0].concat();
    let (of_one, of_two) = (said(&one), said(&two));
    assert_eq!((of_one.len(), of_two.len()), (2, 2));
    for (line, others) in [(&two, of_one), (&one, of_two)] {
        for address in others {
            let file = address.rsplit('/').next().expect("a file").to_string();
            assert!(line.engine.live.voice.audio(file.trim_end_matches(".wav")).is_none(), "not its own");
            let answer = line.get(&file, &[]).await;
            assert_eq!((answer.status(), header(&answer, "cache-control")), (StatusCode::OK, "no-store".to_string()));
            assert!(!answer.bytes().await.expect("a body").is_empty());
        }
    }
    for line in [one, two] {
        line.engine.stop().await.expect("an orderly stop");
    }
}

/// A running service that reads its prompts anew keeps the new ones too.
#[tokio::test]
async fn an_apology_that_is_new_is_kept_for_other_replicas() {
    let store = store().await;
    let folder = tempfile::tempdir().expect("a folder");
    copy_folder(&shipped(), folder.path());
    let rooms = rooms_of(folder.path().to_path_buf(), store.clone(), "http://127.0.0.1:1", fixed()).await;
    let (live, mut reload) = (rooms.live.clone(), Reload::of(&rooms));
    let before = live.voice.apology().audio;
    let file = folder.path().join("en-US/say/sorry.wav");
    fs::copy(folder.path().join("en-US/say/goodbye.wav"), file).expect("recorded anew");
    assert_eq!(reload.look_at_prompts(), Looked::Waiting);
    assert!(matches!(reload.look_at_prompts(), Looked::Replaced(_)));
    assert!(live.keep_announcements().await);
    let after = live.voice.apology().audio;
    assert_ne!(before, after);
    for address in before.iter().chain(&after) {
        let id = address.rsplit('/').next().expect("a file").trim_end_matches(".wav");
        assert!(store.audio_recipe(id).await.expect("a look").is_some(), "{address}");
    }
}

/// What keeps changed prompts from coming into force is for the log; that there is something is for monitors.
#[tokio::test]
async fn wrong_prompts_show_in_health_and_metrics() {
    let line = Line::open(shipped(), store().await).await;
    let read = async |path: &str| line.client.get(format!("{}{path}", line.base)).send().await.expect("an answer").text().await;
    for (faults, ready, metric) in [
        (0, "ready\n", "\ncallahead_prompts_reload_failed 0\n"),
        (2, "ready; changed prompts have 2 faults and are not in force: see the log\n", "\ncallahead_prompts_reload_failed 1\n"),
    ] {
        line.engine.live.voice.set_faults(faults);
        assert_eq!(read("/readyz").await.expect("a text"), ready);
        assert!(read("/metrics").await.expect("a text").contains(metric));
    }
    line.engine.stop().await.expect("an orderly stop");
}

/// Who calls us, and who is on the line, needs an answer, whatever the carrier thinks of new calls.
#[tokio::test]
async fn a_carrier_that_pauses_is_named_and_the_service_stays_ready() {
    let store = store().await;
    let line = Line::open(shipped(), store.clone()).await;
    let full = CarrierState::new("main".into()).after(&News::QueueFull { retry_after_s: None }, fixed().now());
    store.save_carrier(&full.expect("it pauses"), 0).await.expect("written");
    let read = async |path: &str| {
        let answer = line.client.get(format!("{}{path}", line.base)).send().await.expect("an answer");
        (answer.status(), answer.text().await.expect("a text"))
    };
    let (status, said) = read("/readyz").await;
    assert_eq!(status, StatusCode::OK);
    let text = "ready, but no carrier can place calls; carrier main places nothing: its queue is full, waiting until";
    assert!(said.starts_with(text), "{said}");
    assert!(read("/metrics").await.1.contains("\ncallahead_carrier_up{carrier=\"main\"} 0\n"));
    line.engine.stop().await.expect("an orderly stop");
}

/// Nobody asks it to look. A fast clock makes its two seconds short.
#[tokio::test]
async fn a_running_service_notices_what_becomes_of_its_prompts() {
    let folder = tempfile::tempdir().expect("a folder");
    copy_folder(&shipped(), folder.path());
    let clock = Clock::fast("2026-11-27T15:00:00Z".parse().expect("a time"), 50.0);
    let (line, reload) = Line::open_at(folder.path().to_path_buf(), store().await, clock).await;
    line.engine.keep_reading(reload);
    let shows = async |value: u8| {
        let wanted = format!("\ncallahead_prompts_reload_failed {value}\n");
        let look = async || line.client.get(format!("{}/metrics", line.base)).send().await.expect("an answer").text().await;
        let seen = async { while !look().await.expect("a text").contains(&wanted) {} };
        tokio::time::timeout(Duration::from_secs(60), seen).await.unwrap_or_else(|_| panic!("never {value}"));
    };
    shows(0).await;
    let file = folder.path().join("en-US/say/hello.wav");
    let sound = fs::read(&file).expect("a recording");
    fs::write(&file, b"RIFF").expect("written");
    shows(1).await;
    fs::write(&file, sound).expect("written");
    shows(0).await;
    line.engine.stop().await.expect("an orderly stop");
}
