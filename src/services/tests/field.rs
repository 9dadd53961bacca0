//! Every word, code and trap of hospital-feeds, section 4.1, as it stands there.

use super::super::*;
use Service::{Exam, Infusion, Other, RadiationTherapy, Radiology, Unknown};

fn by_words(text: &str) -> Service {
    Classifier::shipped().classify(None, text, None, None, "import")
}

#[test]
fn every_word_of_the_table() {
    for (want, words) in [
        (
            RadiationTherapy,
            "LINAC|XRT|IMRT|VMAT|SBRT|brachytherapy|radiation treatment|RAD ONC TX|RAD ONC TREAT|RAD ONC FRACTION|RAD ONC DAILY|CT SIM",
        ),
        (Infusion, "INF|INFUSION|CHEMO|HYDRATION|INJECTION CHAIR|TRANSFUSION"),
        (Radiology, "RAD|IMAGING|X-RAY|XR|MRT|SONO|FLUORO|MAMMO|PET|IR|MRI with infusion pump"),
        (
            Exam,
            "NEW|RETURN|RTN|FOLLOW UP|F/U|OV|OFFICE|CONSULT|CONS|PHYSICAL|WELL|PRE-OP|POST-OP|ESTABLISHED|RAD ONC FOLLOW UP|\
             RAD ONC CONSULT|RAD ONC OTV|chemo teach|infusion consult",
        ),
        (
            Other,
            "echo|cath|telehealth|telehealth follow up|phone visit|telephone follow up|surgery|nurse visit|nurse visit follow up|\
             injection only",
        ),
        // The traps that look like radiology and are not: a title, a state, a country.
        (Unknown, "Mr. Jones|Mr. Jones 30|RADONC|radiation"),
    ] {
        for word in words.split('|') {
            assert_eq!(by_words(word), want, "{word}");
            assert_eq!(by_words(&format!("{} 30 MIN", word.to_uppercase())), want, "{word}, among others");
        }
    }
}

#[test]
fn words_count_whole_and_two_letters_only_where_they_mean_a_scan() {
    for (text, want) in [
        ("Mr. Chest follow up", Exam),
        ("MR CHEST", Radiology),
        ("Office visit New Haven CT", Exam),
        ("CT HEAD", Radiology),
        ("US CITIZEN EXAM", Exam),
        ("US ABDOMEN", Radiology),
        ("PETERSON 30", Unknown),
        ("RADFORD CLINIC CONSULT", Exam),
        ("INFORMATION SESSION", Unknown),
        ("CONSTIPATION", Unknown),
        ("NEWBORN", Unknown),
        ("WELLESLEY", Unknown),
    ] {
        assert_eq!(by_words(text), want, "{text}");
    }
}

#[test]
fn every_code_of_the_table_to_its_edges() {
    let shipped = Classifier::shipped();
    let class = |code: &str| shipped.classify(Some(code), "", None, None, "epic");
    for (want, inside, outside) in [
        (RadiationTherapy, "77401 77412 77425 77385 77386 G6003 G6015 service-type:214", "77400 77426 G6002 G6016"),
        (Infusion, "96360 96413 96549", "96359 96550"),
        (
            Radiology,
            "70010 71260 76499 76506 76999 77046 77067 78012 78815 79999 service-type:209 service-type:213",
            "70009 76500 77045 77068 78011 service-type:208",
        ),
    ] {
        for code in inside.split_whitespace() {
            assert_eq!(class(code), want, "{code}");
        }
        for code in outside.split_whitespace() {
            assert_ne!(class(code), want, "{code}");
        }
    }
    // A code goes before the words, whatever they are.
    assert_eq!(shipped.classify(Some("77412"), "MRI FOLLOW UP", None, None, "epic"), RadiationTherapy);
}

#[test]
fn every_modality_and_the_departments_of_infusion() {
    let shipped = Classifier::shipped();
    for modality in ["CT", "MR", "US", "NM", "PT", "XA", "RF", "DX", "CR", "MG", "BMD", "DEXA"] {
        assert_eq!(shipped.classify(None, "", None, Some(modality), "ris"), Radiology, "{modality}");
        assert_eq!(shipped.classify(None, "", None, Some(&modality.to_lowercase()), "ris"), Radiology, "{modality}");
    }
    for department in ["INFUSION", "MAIN INFUSION 4", "CHEMO", "chemo east"] {
        assert_eq!(shipped.classify(None, "2 HRS", Some(department), None, "epic"), Infusion, "{department}");
        assert_eq!(shipped.classify(None, "CONSULT", Some(department), None, "epic"), Exam, "{department}");
    }
    for department in ["New Haven CT", "Mr. Smith's rooms", "US HEALTHWORKS"] {
        assert_eq!(shipped.classify(None, "15 MIN", Some(department), None, "epic"), Unknown, "{department}");
    }
}
