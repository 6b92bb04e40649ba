use super::{sample::below, *};
use proptest::prelude::*;
use rand::{SeedableRng, rand_core, rngs::StdRng};
use secrecy::ExposeSecret;
use serde_json::json;
use std::collections::BTreeMap;

fn policy(settings: serde_json::Value) -> PasswordPolicy {
    serde_json::from_value(settings).unwrap()
}

fn refused(recipe: serde_json::Value) -> String {
    serde_json::from_value::<Recipe>(recipe)
        .unwrap_err()
        .to_string()
}

/// Whether counts are as even as chance makes them: Pearson's test, at about one in ten thousand.
#[expect(clippy::cast_precision_loss, reason = "counts are some thousands")]
fn assert_even(counts: &[usize]) {
    let expected = counts.iter().sum::<usize>() as f64 / counts.len() as f64;
    let terms = counts
        .iter()
        .map(|&n| (n as f64 - expected).powi(2) / expected);
    let freedom = (counts.len() - 1) as f64;
    // Wilson and Hilferty's approximation of the quantile.
    let spread = 2.0 / (9.0 * freedom);
    let limit = freedom * (1.0 - spread + 3.719 * spread.sqrt()).powi(3);
    let statistic: f64 = terms.sum();
    assert!(statistic < limit, "{statistic} ≥ {limit}: {counts:?}");
}

#[test]
fn every_character_is_as_likely_as_any_other() {
    let random = &mut StdRng::seed_from_u64(7);
    // 66, 94 and 62 divide no power of two.
    for alphabet in ["url-safe", "printable", "alphanumeric", "hex", "digits"] {
        let policy = policy(json!({
            "length": 64, "alphabet": alphabet, "lower": 0, "upper": 0, "digit": 0, "symbol": 0,
        }));
        let mut counts = BTreeMap::new();
        for _ in 0..1000 {
            let password = policy.draw(random).unwrap();
            for c in password.chars().skip(1) {
                *counts.entry(c).or_default() += 1;
            }
        }
        let counts: Vec<usize> = counts.into_values().collect();
        assert_even(&counts);
    }
}

#[test]
fn every_password_that_the_rules_allow_is_as_likely_as_any_other() {
    let policy = policy(json!({
        "length": 3, "alphabet": {"custom": "abX7"}, "upper": 1, "digit": 1, "allow_weak": true,
    }));
    let random = &mut StdRng::seed_from_u64(11);
    let mut counts = BTreeMap::new();
    for _ in 0..24_000 {
        let password = policy.draw(random).unwrap();
        *counts.entry(password.to_string()).or_default() += 1;
    }
    let counts: Vec<usize> = counts.into_values().collect();
    // One lower (two to choose from), one upper, one digit in any of six orders.
    assert_eq!(counts.len(), 12);
    assert_even(&counts);
    assert!((policy.bits() - 12_f64.log2()).abs() < 1e-9);
}

#[test]
fn numbers_below_a_limit_are_even() {
    let random = &mut StdRng::seed_from_u64(13);
    for end in [1, 2, 3, 10, 62, 94, 2048] {
        let mut counts = vec![0; end];
        for _ in 0..end * 200 {
            let number = below(random, u32::try_from(end).unwrap()).unwrap();
            counts[number as usize] += 1;
        }
        if end > 1 {
            assert_even(&counts);
        }
    }
}

/// Gives out prepared numbers.
struct Script(Vec<u32>);

impl rand::RngCore for Script {
    fn next_u32(&mut self) -> u32 {
        self.0.remove(0)
    }
    fn next_u64(&mut self) -> u64 {
        rand_core::impls::next_u64_via_u32(self)
    }
    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        rand_core::impls::fill_bytes_via_next(self, bytes);
    }
}

impl rand::CryptoRng for Script {}

#[test]
fn a_number_beyond_the_last_whole_multiple_is_drawn_again() {
    // 2³² = 6 (mod 10): the last six numbers would make 0 to 5 likelier.
    let below_ten = |numbers: &[u32]| below(&mut Script(numbers.to_vec()), 10).unwrap();
    assert_eq!(below_ten(&[u32::MAX - 6]), 9);
    assert_eq!(below_ten(&[u32::MAX - 5, u32::MAX, 3]), 3);
    // Whole powers of two waste nothing.
    assert_eq!(below(&mut Script(vec![u32::MAX]), 16).unwrap(), 15);
}

#[test]
fn the_default_is_strong_and_needs_no_encoding_in_a_url() {
    let policy = PasswordPolicy::default();
    assert!(policy.bits() > 180.0, "{}", policy.bits());
    let password = Recipe::default().make().unwrap();
    let unreserved = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    assert!(password.expose_secret().chars().all(unreserved));
    assert!(policy.allows(password.expose_secret()));
    assert_eq!(policy, serde_json::from_value(json!({})).unwrap());
}

#[test]
fn the_strength_is_the_logarithm_of_the_number_of_passwords() {
    // All of 16⁸ hexadecimal numbers with a letter and a digit: without the 10⁸ and the 6⁸ of one kind.
    let hex = policy(json!({"length": 8, "alphabet": "hex", "allow_weak": true}));
    let count = 16_f64.powi(8) - 10_f64.powi(8) - 6_f64.powi(8);
    assert!((hex.bits() - count.log2()).abs() < 1e-9, "{}", hex.bits());
}

#[test]
fn bytes_are_encoded_as_asked() {
    let draw = |recipe| {
        let recipe: Recipe = serde_json::from_value(recipe).unwrap();
        recipe.draw(&mut StdRng::seed_from_u64(1)).unwrap()
    };
    let hex = draw(json!({"hex": {"bytes": 20}}));
    let base64 = draw(json!({"base64": {"bytes": 20}}));
    let base64url = draw(json!({"base64url": {"bytes": 20}}));
    let bytes = hex::decode(&*hex).unwrap();
    assert_eq!(bytes.len(), 20);
    assert_eq!(BASE64_STANDARD.decode(&*base64).unwrap(), bytes);
    assert_eq!(BASE64_URL_SAFE_NO_PAD.decode(&*base64url).unwrap(), bytes);
}

#[test]
fn a_uuid_has_its_version_and_variant() {
    let all = uuid(&[0xff; 16]);
    assert_eq!(*all, "ffffffff-ffff-4fff-bfff-ffffffffffff");
    assert_eq!(*uuid(&[0; 16]), "00000000-0000-4000-8000-000000000000");
}

#[test]
fn words_come_from_the_list() {
    let recipe: Recipe = serde_json::from_value(json!({"words": {"count": 7}})).unwrap();
    let phrase = recipe.draw(&mut StdRng::seed_from_u64(3)).unwrap();
    let list = bip39::Language::English.word_list();
    assert_eq!(phrase.split('-').count(), 7);
    assert!(
        phrase.split('-').all(|word| list.contains(&word)),
        "{}",
        *phrase
    );
    assert_eq!(list.iter().map(|word| word.len()).max(), Some(8));
}

#[test]
fn rules_that_no_password_satisfies_say_why() {
    let cases = [
        (
            json!({"length": 4, "lower": 2, "upper": 2, "digit": 1}),
            "`length` is 4, but the minimums of the classes add up to 6",
        ),
        (
            json!({"alphabet": "hex", "upper": 1}),
            "`upper` is 1, but no upper character remains to choose from: set it to 0, or change `alphabet` or \
             `forbidden`",
        ),
        (
            json!({"alphabet": "digits", "forbidden": "123456789"}),
            "`forbidden` leaves 1 characters of `alphabet`, expected at least 2",
        ),
        (
            json!({"alphabet": {"custom": "ab!?"}, "length": 2, "symbol": 2, "lower": 0, "allow_weak": true}),
            "no password satisfies all rules: the first character has to be a letter or a digit, and the minimums leave \
             no room for it",
        ),
        (json!({"length": 0}), "`length` is 0, expected 1 to 256"),
        (json!({"length": 257}), "`length` is 257, expected 1 to 256"),
        (
            json!({"alphabet": {"custom": "abca"}}),
            "`alphabet` holds 'a' twice, which would make it twice as likely",
        ),
    ];
    for (settings, why) in cases {
        assert_eq!(refused(json!({"password": settings})), why);
    }
}

#[test]
fn rules_that_make_a_weak_password_are_refused_unless_it_is_wanted() {
    let pin = json!({"length": 6, "alphabet": "digits"});
    assert_eq!(
        refused(json!({"password": pin})),
        "the rules allow 2^20 passwords, expected at least 2^64: set a greater `length` or a larger `alphabet`, or \
         `allow_weak = true` if the target takes no more"
    );
    policy(json!({"length": 6, "alphabet": "digits", "allow_weak": true}));
    assert!(refused(json!({"words": {"count": 5}})).contains("`count` is 5, expected 6 to 64"));
    assert!(refused(json!({"hex": {"bytes": 8}})).contains("`bytes` is 8, expected 16 to 4096"));
}

#[test]
fn minimums_far_from_what_chance_gives_are_refused() {
    let why = refused(json!({"password": {"alphabet": "alphanumeric", "digit": 20}}));
    assert!(
        why.starts_with("the minimums of the classes fit 0.0000 %"),
        "{why}"
    );
}

#[test]
fn characters_that_systems_encode_differently_are_refused() {
    for alphabet in ["abc ", "abcä", "abc\n"] {
        let why = refused(json!({"password": {"alphabet": {"custom": alphabet}}}));
        assert!(
            why.contains("expected printable characters of ASCII"),
            "{why}"
        );
    }
}

#[test]
fn a_misspelt_rule_is_refused() {
    assert!(refused(json!({"password": {"lenght": 12}})).contains("unknown field `lenght`"));
}

fn settings() -> impl Strategy<Value = serde_json::Value> {
    let alphabet = prop_oneof![
        Just(json!("url-safe")),
        Just(json!("shell-safe")),
        Just(json!("printable")),
        Just(json!("alphanumeric")),
        Just(json!("hex")),
        "[!-~]{2,40}".prop_map(|characters| json!({"custom": characters})),
    ];
    let minimum = || prop::option::of(0..4_usize);
    (
        (1..80_usize, alphabet, "[!-~]{0,10}", any::<bool>()),
        (minimum(), minimum(), minimum(), minimum()),
    )
        .prop_map(
            |((length, alphabet, forbidden, no_lookalikes), (lower, upper, digit, symbol))| {
                json!({
                    "length": length, "alphabet": alphabet, "forbidden": forbidden,
                    "no_lookalikes": no_lookalikes, "lower": lower, "upper": upper, "digit": digit,
                    "symbol": symbol, "allow_weak": true,
                })
            },
        )
}

proptest! {
    #[test]
    fn whatever_rules_are_taken_a_password_follows_them(settings in settings(), seed: u64) {
        let Ok(policy) = serde_json::from_value::<PasswordPolicy>(settings.clone()) else {
            return Ok(());
        };
        let password = policy.draw(&mut StdRng::seed_from_u64(seed)).unwrap();
        let text = |key: &str| settings[key].as_str().unwrap_or_default().to_owned();
        prop_assert_eq!(password.len(), usize::try_from(settings["length"].as_u64().unwrap()).unwrap());
        let forbidden = text("forbidden");
        prop_assert!(!password.chars().any(|c| forbidden.contains(c)));
        if settings["no_lookalikes"] == json!(true) {
            prop_assert!(!password.chars().any(|c| LOOKALIKES.contains(c)));
        }
        for class in Class::ALL {
            let count = password.chars().filter(|c| Class::of(*c) == class).count();
            let minimum = settings[class.name()].as_u64().unwrap_or(0);
            prop_assert!(count as u64 >= minimum, "{} of {}", count, class.name());
        }
    }
}
