//! The shipped list with its traps, and lists of a hospital's own.

mod field;

use super::*;
use Service::{Exam, Infusion, Lab, Other, RadiationTherapy, Radiology, Unknown};

/// The traps of the field (hospital-feeds, section 4.1), by the words of the visit type alone.
#[test]
fn the_words_of_visit_types() {
    let shipped = Classifier::shipped();
    for (text, want) in [
        // Radiation therapy shares its words with radiology, and its follow-ups are exams.
        ("RAD ONC FOLLOW UP", Exam),
        ("RADONC FOLLOW-UP 30", Exam),
        ("RAD ONC CONSULT", Exam),
        ("RAD ONC OTV", Exam),
        ("Radiation Oncology Consultation", Exam),
        ("XRT F/U", Exam),
        ("RAD ONC NEW", Exam),
        ("CT SIM", RadiationTherapy),
        ("CT SIMULATION", RadiationTherapy),
        ("RAD ONC TX", RadiationTherapy),
        ("RAD ONC DAILY TREATMENT", RadiationTherapy),
        ("RADONC FRACTION 12 OF 30", RadiationTherapy),
        ("Radiation Treatment", RadiationTherapy),
        ("RAD TX 3/15", RadiationTherapy),
        ("RADIATION ONCOLOGY NEW START TX", RadiationTherapy),
        ("LINAC 2", RadiationTherapy),
        ("IMRT", RadiationTherapy),
        ("SBRT LUNG", RadiationTherapy),
        ("HDR BRACHYTHERAPY", RadiationTherapy),
        ("PROTON TX", RadiationTherapy),
        ("RAD ONC", Unknown),
        ("RADIATION", Unknown),
        // Talking about an infusion is an exam; a scan with a pump is a scan.
        ("CHEMO TEACH", Exam),
        ("Chemo teaching visit", Exam),
        ("INFUSION CONSULT", Exam),
        ("INF DISEASE NEW", Exam),
        ("MRI with infusion pump", Radiology),
        ("CHEMO 4 HR", Infusion),
        ("INF 2H", Infusion),
        ("Infusion", Infusion),
        ("HYDRATION", Infusion),
        ("INJECTION CHAIR", Infusion),
        ("BLOOD TRANSFUSION", Infusion),
        ("NEW CHEMO", Infusion),
        // Radiology.
        ("MRI BRAIN W/O CONTRAST", Radiology),
        ("MR BRAIN", Radiology),
        ("CT CHEST W CONTRAST", Radiology),
        ("CT Abdomen/Pelvis", Radiology),
        ("CT CHEST FOLLOW UP", Radiology),
        ("US THYROID", Radiology),
        ("NM BONE SCAN", Radiology),
        ("XR KNEE 2 VIEWS", Radiology),
        ("X-Ray Chest", Radiology),
        ("PET/CT", Radiology),
        ("MAMMO SCREENING", Radiology),
        ("SONO", Radiology),
        ("FLUORO UPPER GI", Radiology),
        ("DEXA", Radiology),
        ("NUCLEAR STRESS TEST", Radiology),
        ("INTERVENTIONAL RADIOLOGY", Radiology),
        ("Imaging", Radiology),
        ("RAD", Radiology),
        ("CT", Radiology),
        ("VIRTUAL COLONOSCOPY", Radiology),
        // "MR" as in "Mr.", "CT" as a state, "US" as a country.
        ("Mr. Smith, 15 minutes", Unknown),
        ("Mr. Smith follow up", Exam),
        ("OFFICE VISIT HARTFORD, CT", Exam),
        ("US CITIZENSHIP PHYSICAL", Exam),
        ("FRACTURE REVIEW", Unknown),
        ("RADIAL NERVE REVIEW", Unknown),
        // Cardiology, therapy, laboratories.
        ("ECHO", Other),
        ("US ECHO COMPLETE", Other),
        ("CARDIAC CATH LAB", Other),
        ("POST CATH FOLLOW UP", Exam),
        ("PHYSICAL THERAPY EVAL", Other),
        ("LAB ONLY", Lab),
        ("BLOOD DRAW", Lab),
        ("LAB AND FOLLOW UP", Exam),
        // Exams, and visits that are none.
        ("NEW PATIENT", Exam),
        ("NEW", Exam),
        ("RTN", Exam),
        ("RETURN VISIT 20", Exam),
        ("FOLLOW UP", Exam),
        ("F/U", Exam),
        ("OV EST", Exam),
        ("CONS", Exam),
        ("WELL CHILD", Exam),
        ("ANNUAL PHYSICAL", Exam),
        ("PRE-OP", Exam),
        ("Post-Op Visit", Exam),
        ("SURGERY CONSULT", Exam),
        ("BREAST SURGERY RETURN", Exam),
        ("NURSE PRACTITIONER F/U", Exam),
        ("SURGERY", Other),
        ("NURSE VISIT", Other),
        ("ESTABLISHED PATIENT NURSE VISIT", Other),
        ("INJECTION ONLY", Other),
        ("FLU SHOT", Other),
        ("TELEHEALTH FOLLOW UP", Other),
        ("VIDEO VISIT NEW", Other),
        ("PHONE CALL", Other),
        // Nobody knows.
        ("", Unknown),
        ("30 MIN", Unknown),
        ("SPECIAL", Unknown),
    ] {
        assert_eq!(shipped.classify(None, text, None, None, "import"), want, "{text}");
        assert_eq!(shipped.classify(None, &text.to_lowercase(), None, None, "import"), want, "{text}, small letters");
    }
}

#[test]
fn codes_departments_and_modalities() {
    let shipped = Classifier::shipped();
    for (code, text, department, modality, want) in [
        // Codes before words.
        (Some("77412"), "CT CHEST", None, None, RadiationTherapy),
        (Some("77385"), "", None, None, RadiationTherapy),
        (Some("G6003"), "", None, None, RadiationTherapy),
        (Some("77290"), "CT SIM", None, None, RadiationTherapy),
        (Some("96413"), "FOLLOW UP", None, None, Infusion),
        (Some("70553"), "", None, None, Radiology),
        (Some("76700"), "", None, None, Radiology),
        (Some("77067"), "", None, None, Radiology),
        (Some("78815"), "", None, None, Radiology),
        (Some("99213"), "", None, None, Exam),
        (Some("36415"), "", None, None, Lab),
        (Some("service-type:214"), "", None, None, RadiationTherapy),
        (Some("service-type:210"), "", None, None, Radiology),
        (Some("214"), "", None, None, Unknown),
        (Some("1004"), "FOLLOW UP", None, None, Exam),
        (Some(""), "77412", None, None, RadiationTherapy),
        (None, "71260", None, None, Radiology),
        (None, "ROOM 71260", None, None, Unknown),
        // Departments, where the words say little.
        (None, "TX 12", Some("RAD ONC"), None, RadiationTherapy),
        (None, "DAILY", Some("Radiation Oncology"), None, RadiationTherapy),
        (None, "FOLLOW UP", Some("Radiation Oncology"), None, Exam),
        (None, "NEW TX START", Some("RADONC"), None, RadiationTherapy),
        (None, "NEW", Some("RADONC"), None, Exam),
        (None, "CT", Some("Radiation Oncology"), None, Unknown),
        (None, "30 MIN", Some("Radiation Oncology"), None, Unknown),
        (None, "30 MIN", Some("Main Radiology"), None, Radiology),
        (None, "2 HOURS", Some("INFUSION CENTER 3"), None, Infusion),
        (None, "RETURN", Some("CHEMO SUITE"), None, Infusion),
        (None, "FOLLOW UP", Some("INFUSION CENTER"), None, Exam),
        (None, "15 MIN", Some("Hartford CT Clinic"), None, Unknown),
        (None, "15 MIN", Some("Laboratory"), None, Lab),
        // Modalities, in their own field.
        (None, "ROUTINE", None, Some("CT"), Radiology),
        (None, "", None, Some("mr"), Radiology),
        (None, "CT SIM", None, Some("CT"), RadiationTherapy),
        (None, "ROUTINE", Some("RAD ONC"), Some("CT"), Unknown),
        (None, "ROUTINE", None, Some("OT"), Unknown),
    ] {
        assert_eq!(
            shipped.classify(code, text, department, modality, "epic"),
            want,
            "{code:?} {text} {department:?} {modality:?}"
        );
    }
}

/// The sample hospital leaves the service of some rows empty and gives that of others: the list agrees with it.
#[test]
fn the_sample_hospital() {
    let shipped = Classifier::shipped();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/demo/appointments.csv");
    let mut reader = csv::Reader::from_path(file).expect("the sample hospital");
    let mut derived = std::collections::BTreeMap::new();
    for row in reader.deserialize() {
        let row: std::collections::HashMap<String, String> = row.expect("a row");
        let found = shipped.classify(None, &row["visit_type"], Some(&row["department"]), None, "import");
        match row["service"].as_str() {
            "" => *derived.entry(found.as_str()).or_insert(0) += 1,
            given => assert_eq!(found.as_str(), given, "{}", row["visit_type"]),
        }
    }
    assert!(derived.contains_key("radiation_therapy") && derived.contains_key("unknown"), "{derived:?}");
}

fn own(text: &str) -> Result<Classifier, Vec<Fault>> {
    Classifier::read(Source::File { name: "services.toml".into(), text: text.to_string() })
}

#[test]
fn the_first_rule_of_an_own_list_wins_and_every_key_must_match() {
    let rules = own("[[rule]]\nclass = \"lab\"\nfeed = \"ris\"\ntext = [\"draw\", \"blood\"]\n\
         [[rule]]\nclass = \"radiology\"\nfeed = \"ris\"\n\
         [[rule]]\nclass = \"other\"\ncode = \"9*\"\n")
    .expect("sound");
    assert_eq!(rules.classify(None, "Draw", None, None, "ris"), Lab);
    assert_eq!(rules.classify(None, "anything", None, None, "ris"), Radiology);
    assert_eq!(rules.classify(None, "Draw", None, None, "epic"), Unknown);
    assert_eq!(rules.classify(Some("99"), "Draw", None, None, "epic"), Other);
    assert_eq!(own("").expect("an empty list knows nothing").classify(None, "MRI", None, None, "ris"), Unknown);
}

#[test]
fn wrong_lists_are_named_with_their_places() {
    for (text, line, column, code, part) in [
        (
            "[[rule]]\nclass = \"exm\"\ntext = \"x\"",
            2,
            9,
            "unknown_value",
            "rule[1].class: \"exm\" is not known; did you mean \"exam\"?",
        ),
        ("[[rule]]\ntext = \"x\"", 1, 1, "missing_key", "rule[1].class is missing"),
        ("[[rule]]\nclass = \"exam\"", 2, 9, "contradiction", "would match everything"),
        ("[[rule]]\nclass = \"exam\"\ntext = []", 3, 8, "bad_value", "the list is empty"),
        ("[[rule]]\nclass = \"exam\"\ntext = [\"a\", \"b + \"]", 3, 14, "bad_value", "has an empty part"),
        ("[[rule]]\nclass = \"exam\"\ntxt = \"x\"\ncode = \"1\"", 3, 1, "unknown_key", "did you mean `text`?"),
        ("[[rules]]\nclass = \"exam\"\ntext = \"x\"", 1, 3, "unknown_key", "did you mean `rule`?"),
        ("[rule]\nclass = \"exam\"", 1, 1, "bad_value", "want [[rule]]"),
    ] {
        let faults = own(text).err().unwrap_or_default();
        assert_eq!(faults.len(), 1, "{text}: {faults:?}");
        assert_eq!((faults[0].line, faults[0].column, faults[0].code), (line, column, code), "{}", faults[0]);
        assert!(faults[0].message.contains(part), "{}", faults[0]);
    }
}

#[test]
fn the_list_beside_the_configuration_replaces_the_shipped_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = Config::defaults();
    config.dir = folder.path().to_path_buf();
    assert_eq!(Classifier::beside(&config), Ok(Classifier::shipped()));
    let file = folder.path().join("services.toml");
    std::fs::write(&file, "[[rule]]\nclass = \"lab\"\ntext = \"mri\"\n").expect("written");
    assert_eq!(Classifier::beside(&config).expect("sound").classify(None, "MRI", None, None, "ris"), Lab);
    std::fs::write(&file, "[[rule]]\nclass = lab\n").expect("written");
    assert_eq!(Classifier::beside(&config).expect_err("no quotes")[0].line, 2);
}
