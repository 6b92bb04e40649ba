use super::*;

#[test]
fn every_verb_is_read_as_it_is_written() {
    for (name, family, form) in &VERBS {
        let path = family.form().to_lowercase();
        let value = if matches!(form, Form::Value(_)) {
            "=3"
        } else {
            ""
        };
        let text = format!("{name}:{path}{value}");
        assert_eq!(text.parse::<Action>().unwrap().to_string(), text);
    }
}

#[test]
fn the_more_severe_of_two_actions_takes_more_away() {
    let action = |text: &str| text.parse::<Action>().unwrap();
    let one = action("run.max_instances:p/r/s=1");
    assert!(one.exceeds(&action("run.max_instances:p/r/s=5")));
    assert!(action("run.disable:p/r/s").exceeds(&one));
    assert!(!one.exceeds(&one));
}

#[test]
fn what_is_wrong_is_named() {
    let said = |text: &str| text.parse::<Action>().unwrap_err().to_string();
    assert!(said("run.disable").contains("is not an action"));
    assert!(
        said("run.stop:p/r/s").contains("unknown action `run.stop`; known are run.min_instances")
    );
    assert!(said("run.disable:p/r/s=1").contains("takes no value"));
    assert!(said("run.max_instances:p/r/s").contains("needs a value"));
    assert!(said("run.max_instances:p/r/s=0").contains("use `run.disable`"));
    assert!(said("run.disable:p/s").contains("write PROJECT/REGION/SERVICE"));
    assert!("lambda:p".parse::<Resource>().is_err());
}
