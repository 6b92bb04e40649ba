//! What Unix cron means, written out: expression, the local time asked at, the fire before and the fire after it.

use jiff::civil::DateTime;
use scheduled_scaling::cron::Cron;

/// 2026-03-04 is a Wednesday.
const ASKED: &str = "2026-03-04T12:00";

const TABLE: [(&str, &str, &str); 27] = [
    // A fire at the very minute is the last, not the next.
    ("0 12 * * *", "2026-03-04T12:00", "2026-03-05T12:00"),
    ("* * * * *", "2026-03-04T12:00", "2026-03-04T12:01"),
    ("*/15 * * * *", "2026-03-04T12:00", "2026-03-04T12:15"),
    ("7-59/20 * * * *", "2026-03-04T11:47", "2026-03-04T12:07"),
    ("5,35 9-17 * * *", "2026-03-04T11:35", "2026-03-04T12:05"),
    // Monday is 1, Sunday 0 and 7.
    ("0 6 * * 1", "2026-03-02T06:00", "2026-03-09T06:00"),
    ("0 6 * * 0", "2026-03-01T06:00", "2026-03-08T06:00"),
    ("0 6 * * 7", "2026-03-01T06:00", "2026-03-08T06:00"),
    ("0 6 * * 6", "2026-02-28T06:00", "2026-03-07T06:00"),
    ("0 6 * * sun", "2026-03-01T06:00", "2026-03-08T06:00"),
    ("0 6 * * MON-FRI", "2026-03-04T06:00", "2026-03-05T06:00"),
    ("0 22 * * 1-5", "2026-03-03T22:00", "2026-03-04T22:00"),
    ("0 6 * * 5-7", "2026-03-01T06:00", "2026-03-06T06:00"),
    ("0 6 * * 0-6", "2026-03-04T06:00", "2026-03-05T06:00"),
    ("0 6 * * 0-7", "2026-03-04T06:00", "2026-03-05T06:00"),
    ("0 6 * * sun,sat", "2026-03-01T06:00", "2026-03-07T06:00"),
    ("0 6 * * 1-5/2", "2026-03-04T06:00", "2026-03-06T06:00"),
    ("0 6 * * */2", "2026-03-03T06:00", "2026-03-05T06:00"),
    // Days of the month and months.
    ("0 0 1 * *", "2026-03-01T00:00", "2026-04-01T00:00"),
    ("0 0 31 * *", "2026-01-31T00:00", "2026-03-31T00:00"),
    ("0 0 29 2 *", "2024-02-29T00:00", "2028-02-29T00:00"),
    ("30 4 1 jan,JUL *", "2026-01-01T04:30", "2026-07-01T04:30"),
    ("0 0 1 */3 *", "2026-01-01T00:00", "2026-04-01T00:00"),
    // Both day fields restricted: either. The first of the month, or a Monday.
    ("0 0 1 * 1", "2026-03-02T00:00", "2026-03-09T00:00"),
    ("0 0 5 * 1", "2026-03-02T00:00", "2026-03-05T00:00"),
    // A field that begins with a star is not restricted: both. Mondays on odd days.
    ("0 0 */2 * 1", "2026-02-23T00:00", "2026-03-09T00:00"),
    ("0 0 1-7 * */7", "2026-03-01T00:00", "2026-04-05T00:00"),
];

fn local(text: &str) -> DateTime {
    text.parse().unwrap()
}

#[test]
fn expressions_mean_what_unix_cron_means() {
    for (expression, last, next) in TABLE {
        let cron: Cron = expression.parse().unwrap();
        assert_eq!(
            cron.last_fire(local(ASKED)),
            Some(local(last)),
            "last of {expression}"
        );
        assert_eq!(
            cron.next_fire(local(ASKED)),
            Some(local(next)),
            "next of {expression}"
        );
    }
}

#[test]
fn expressions_of_another_dialect_are_refused_with_what_to_write() {
    let refused = [
        ("0 0 22 * * 1-5", "it has 6 fields"),
        ("0 22 * * 1-5 * *", "leave out seconds and years"),
        ("22 * * 1-5", "it has 4 fields"),
        ("", "it has 0 fields"),
        ("@daily", "write it out as \"0 0 * * *\""),
        ("@weekly", "\"0 0 * * 0\""),
        ("0 22-6 * * *", "write 22-23,0-6"),
        ("50-10 * * * *", "write 50-59,0-10"),
        ("0 0 * 11-2 *", "write 11-12,1-2"),
        ("0 0 28-3 * *", "write 28-31,1-3"),
        ("0 6 * * fri-mon", "write 5-6,0-1"),
        ("0 6 * * fri-sun", "write 5-7"),
        (
            "0 6 * * 8",
            "\"8\" is not a number from 0 to 7 or sun to sat",
        ),
        ("60 * * * *", "\"60\" is not a number from 0 to 59"),
        ("0 24 * * *", "from 0 to 23"),
        ("0 0 0 * *", "from 1 to 31"),
        ("0 0 * 13 *", "from 1 to 12 or jan to dec"),
        ("0 0 L * *", "L, W, # and ? are not Unix cron"),
        ("0 0 15W * *", "not Unix cron"),
        ("0 0 * * 1#2", "not Unix cron"),
        ("0 0 ? * 1", "not Unix cron"),
        ("*/0 * * * *", "not a number above 0"),
        ("5/10 * * * *", "write 5-59/10"),
        ("0 0 * * 1/2", "write 1-6/2"),
        ("-5 * * * *", "\"\" is not a number"),
        ("1,,2 * * * *", "\"\" is not a number"),
        ("+5 * * * *", "\"+5\" is not a number"),
        ("0 0 30 2 *", "it never fires: no month in 2 has a day 30"),
        ("0 0 31 4,6,9,11 *", "it never fires"),
    ];
    for (expression, hint) in refused {
        let error = expression.parse::<Cron>().unwrap_err().to_string();
        assert!(error.contains(hint), "{expression}: {error}");
    }
}

#[test]
fn an_impossible_day_of_month_still_fires_on_its_weekday() {
    let cron: Cron = "0 0 30 2 1".parse().unwrap();
    assert_eq!(
        cron.next_fire(local("2026-02-04T12:00")),
        Some(local("2026-02-09T00:00"))
    );
}

#[test]
fn only_two_restricted_day_fields_mean_either() {
    let either = |text: &str| text.parse::<Cron>().unwrap().either_day();
    assert!(either("0 0 1 * 1"));
    assert!(!either("0 0 * * 1"));
    assert!(!either("0 0 */2 * 1"));
}
