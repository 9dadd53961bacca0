#!/usr/bin/env python3
"""Is a language pack understood? Builds random messages as the engine joins them, passes them through G.711 mu-law, and
lets a recogniser that knows nothing of the voice (Whisper base) write them down.

usage: check.py WHISPER_DIR PACK_DIR [COUNT [SEED]] [slow] [guardian]
  PACK_DIR     a folder with pack.toml, phrases.tsv and the recordings
  COUNT, SEED  how many messages (40), and which ones (7); take another seed after every change
  slow         as from the second repeat on;  guardian: as a parent or guardian is told
needs: Python 3.11, faster-whisper jiwer num2words numpy scipy

Prints every message that was heard otherwise, the word error rate, and how many phrases of each group were heard. The
recogniser writes numerals, so ordinals count as cardinals, "oh" is dropped, and "a la siete" (two s in a row) counts as "a
las siete": this check cannot tell "third" from "three". Those need an ear.
"""
import collections, datetime, random, re, sys, tomllib, unicodedata, wave
from pathlib import Path

import jiwer
import numpy as np
from faster_whisper import WhisperModel
from num2words import num2words
from scipy import signal


class Pack:
    """Phrases, and how the engine chooses and joins them."""

    def __init__(self, folder):
        self.folder = Path(folder)
        manifest = tomllib.loads((self.folder / "pack.toml").read_text(encoding="utf-8"))
        self.lang, self.gaps, self.grammar = manifest["language"].split("-")[0], manifest["gaps"], manifest["grammar"]
        self.text = {}
        for line in (self.folder / "phrases.tsv").read_text(encoding="utf-8").splitlines():
            if line and not line.startswith("#"):
                name, text = line.split("\t")[:2]
                kept = re.search(r"\[([^\]]*)\]", text)
                self.text[name] = (kept[1] if kept else text).strip()

    def group(self, name):
        return name.removeprefix("slow/").split("/")[0]

    def opens_sentence(self, name):
        return self.text[name][0].isupper() and self.group(name) not in self.grammar.get("capitals", [])

    def form(self, name, slow, guardian, end):
        """The wording first, then slow, then the place in the sentence; the first one that is recorded."""
        for wording in [f"{name}.guardian", name] if guardian else [name]:
            for pace in ["slow/", ""] if slow else [""]:
                for place in [".end", ""] if end else [""]:
                    if pace + wording + place in self.text:
                        return pace + wording + place
        sys.exit(f"check: {name} is not in phrases.tsv")

    def phrases(self, parts, slow, guardian):
        """The forms of a message; a part is a list of ids that belong together."""
        names = []
        for n, part in enumerate(parts):
            follower = self.form(parts[n + 1][0], slow, guardian, False) if n + 1 < len(parts) else None
            last = follower is None or self.opens_sentence(follower)
            names += [self.form(name, slow, guardian, last and name == part[-1]) for name in part[:-1]]
            names.append(self.form(part[-1], slow, guardian, last))
        return names

    def gap_ms(self, name, follower):
        text = self.text[name]
        if self.group(follower) in self.gaps.get("before", {}):
            return self.gaps["before"][self.group(follower)]
        if text[-1] in ".?!:" or (text[-1] in ",;" and self.opens_sentence(follower)):
            return self.gaps["stop_ms"]
        if name.endswith(".group"):
            return self.gaps["group_ms"]
        return self.gaps["comma_ms"] if text[-1] in ",;" else self.gaps["plain_ms"]

    def sound(self, names):
        pieces = []
        for n, name in enumerate(names):
            with wave.open(str(self.folder / f"{name}.wav")) as w:
                pieces.append(np.frombuffer(w.readframes(w.getnframes()), "<i2") / 32768)
            if n + 1 < len(names):
                pieces.append(np.zeros(self.gap_ms(name, names[n + 1]) * 8))
        return np.concatenate(pieces)

    def way(self, key, **fields):
        """The first way of the grammar that is recorded in full."""
        ways = [[template.format(**fields) for template in way] for way in self.grammar[key]]
        return next((way for way in ways if all(name in self.text for name in way)), ways[-1])

    def date(self, day):
        weekday = "mon tue wed thu fri sat sun".split()[day.weekday()]
        return self.way("date", weekday=weekday, month=f"{day.month:02}", day=f"{day.day:02}")

    def time(self, hour, minute):
        part = [p["name"] for p in self.grammar["day_parts"] if p["from"] <= f"{hour:02}:{minute:02}"][-1]
        key = "full_hour" if minute == 0 and self.grammar.get("full_hour") else "time"
        return self.way(key, hour12=f"{(hour + 11) % 12 + 1:02}", hour24=f"{hour:02}", minute=f"{minute:02}", part=part)

    def number(self, digits):
        suffix = {2: ".group", 5: ".group", 9: ".end"}
        return [self.grammar["digit"].format(digit=d) + suffix.get(n, "") for n, d in enumerate(digits)]


def message(pack, n, rng):
    """One of the messages of the call scripts, with a random day, time, number and site."""
    day = datetime.date(2026, 1, 1) + datetime.timedelta(rng.randrange(1095))
    hour, minute = rng.randrange(7, 21), rng.choice([*range(0, 60, 5), 7, 22, rng.randrange(1, 60)])
    phone = rng.choice("23456789") + "".join(rng.choice("0123456789") for _ in range(9))
    site = rng.choice(sorted(name.split("/")[1] for name in pack.text if name.startswith("site/")))
    date, time, number = pack.date(day), pack.time(hour, minute), pack.number(phone)
    here, at, say = [f"site/{site}"], [f"at-site/{site}"], lambda name: [f"say/{name}"]
    happened = say(rng.choice("is-confirmed has-been-cancelled has-been-moved will-not-take-place".split()))
    changes = [
        [here, say("is-closed"), date],
        [here, say("opens-late"), date, say("please-come"), time, say("instead")],
        [say("it-is-now"), date, time, at],
        [say("your-appointment"), time, say("will-not-take-place")],
    ]
    return [
        [say("hello"), ["org/name"], say("at-number"), number, say("opt-out")],
        [say("appointment"), date, time, at],
        [say("your-appointment"), date, time, happened],
        [say("appointment"), date, time, say("to-confirm-or-change"), say("to-stop-call"), number],
        [[rng.choice([f"count/{rng.randrange(2, 10)}", "count/many"])], date, say("first-is"), time, at],
        rng.choice(changes),
    ][n % 6]


def through_mu_law(x):
    s = np.round(np.clip(x, -1, 1) * 32767).astype(np.int32)
    m = np.minimum(np.abs(s), 32635) + 132
    e = np.maximum(0, np.floor(np.log2(m)).astype(np.int32) - 7)
    q = (((((m >> (e + 3)) & 15) << 3) + 132) << e) - 132
    return np.sign(s) * q / 32768


def plain_words(text, lang):
    """Words as they are spoken: digits to words, no case, no punctuation; telephone numbers digit by digit."""
    s = unicodedata.normalize("NFC", text.lower())
    digits = lambda m: " " + " ".join(c for c in m[0] if c.isdigit()) + " "
    s = re.sub(r"(?<![\d:.])\(?\d{3}\)?[-. ,]*\d{3}[-. ,]*\d{4}(?!\d)", digits, s)
    joint = " y" if lang == "es" else ""
    s = re.sub(r"(\d{1,2})[:.](\d\d)", lambda m: m[1] + ("" if m[2] == "00" else f"{joint} {int(m[2])}"), s)
    s = re.sub(r"(?<!\d)(\d{1,2})(\d\d)(?=[,\s]*[ap]\.?\s?m)", r"\1 \2", s)
    s = re.sub(r"(\d+)(st|nd|rd|th)\b", r"\1", s)
    s = re.sub(r"(?<!\d)0(\d)(?!\d)", r"0 \1", s)
    spoken = lambda digits: " ".join(num2words(int(d), lang=lang) for d in (digits if len(digits) > 2 else [digits]))
    s = re.sub(r"\d+", lambda m: f" {spoken(m[0])} ", s)
    s = " ".join(re.sub(r"[^\w\s'.]", " ", s).split())
    if lang == "en":
        s = re.sub(r"\b([ap])\.?\s?m\b\.?", r"\1 m", s)
        for n in range(31, 0, -1):
            ordinal = num2words(n, to="ordinal").replace("-", " ")
            s = re.sub(rf"\b{ordinal}\b", num2words(n).replace("-", " "), s)
        s = re.sub(r"\boh\b|\bo'clock\b", " ", s)
    elif lang == "es":
        s = re.sub(r"\b([ap])\.?\s?m\b\.?", lambda m: "de la mañana" if m[1] == "a" else "de la tarde", s)
        s = s.replace("a la uno ", "a la una ").replace("susita", "su cita").replace("primero", "uno")
        s = re.sub(r"\ba la (?=(dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|once|doce)\b)", "a las ", s)
    return " ".join(s.replace(".", " ").split())


def heard_words(said, heard):
    """For every word of what was said: was it heard?"""
    hits = [False] * len(said.split())
    for piece in jiwer.process_words(said, heard or "-").alignments[0]:
        if piece.type == "equal":
            hits[piece.ref_start_idx:piece.ref_end_idx] = [True] * (piece.ref_end_idx - piece.ref_start_idx)
    return hits


def main():
    flags = {"slow", "guardian"} & set(sys.argv[3:])
    numbers = [int(a) for a in sys.argv[3:] if a not in flags]
    count, seed = (numbers + [40, 7][len(numbers):])[:2]
    pack, rng = Pack(sys.argv[2]), random.Random(seed)
    asr = WhisperModel(sys.argv[1], device="cpu", compute_type="int8", cpu_threads=2)
    said, heard, groups, missed = [], [], collections.defaultdict(lambda: [0, 0]), collections.Counter()
    for n in range(count):
        names = pack.phrases(message(pack, n, rng), "slow" in flags, "guardian" in flags)
        x = np.concatenate([np.zeros(2400), through_mu_law(pack.sound(names)), np.zeros(2400)])
        found, _ = asr.transcribe(signal.resample_poly(x, 2, 1).astype(np.float32), language=pack.lang, beam_size=5,
                                  temperature=0, condition_on_previous_text=False, without_timestamps=True)
        words = [plain_words(pack.text[name], pack.lang) for name in names]
        said.append(" ".join(" ".join(words).split()))
        heard.append(plain_words(" ".join(piece.text for piece in found), pack.lang))
        hits, at = heard_words(said[-1], heard[-1]), 0
        for name, text in zip(names, words):
            until = at + len(text.split())
            ok, at = all(hits[at:until]), until
            groups[pack.group(name)][0] += ok
            groups[pack.group(name)][1] += 1
            missed.update([] if ok else [name])
        if said[-1] != heard[-1]:
            print(f"said  {said[-1]}\nheard {heard[-1]}", flush=True)
    which = " ".join([pack.lang, *sorted(flags)])
    print(f"{which} seed {seed}: {count} messages, word error rate {100 * jiwer.wer(said, heard):.1f} %")
    print("heard exactly:", ", ".join(f"{group} {a}/{b}" for group, (a, b) in groups.items()))
    print("missed most:", ", ".join(f"{name} {times}" for name, times in missed.most_common(12)))


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main()
