//! What a person asks for: an override, its end, a release.

use crate::bed::{Bed, OFFICE, Told, instant, office_service, service};
use scheduled_scaling::{
    announcement::notices, apply::NotGranted, decide::Release, report::run::RunReport,
    request::Wish, schedule::Setting,
};
use std::time::Duration;

async fn bed(at: &str) -> Bed {
    let text = format!("{OFFICE}{}", office_service("shop"));
    Bed::start(at, &text, &[("shop", 1)]).await
}

fn wish(min: u32, hours: u64) -> Wish {
    Wish {
        target: "shop".to_owned(),
        min: Some(min),
        lasting: Some(Duration::from_hours(hours).into()),
        reason: Some("sale".to_owned()),
        by: Some("ana".to_owned()),
        ..Wish::default()
    }
}

async fn ask(bed: &Bed, wish: &Wish) -> Result<Told, NotGranted> {
    let word = wish
        .word(bed.gcp.now(), Duration::from_hours(14 * 24))
        .unwrap();
    let run = bed.scaler.override_target(&wish.target, &word).await?;
    Ok(Told(RunReport::new(&run)))
}

#[tokio::test]
async fn an_override_holds_at_once_is_seen_on_the_target_and_ends_by_itself() {
    let bed = bed("2026-03-09T17:00:00Z").await;
    bed.run().await;
    let told = ask(&bed, &wish(5, 2)).await.unwrap();
    assert_eq!(
        (told.decision("shop"), bed.min("shop").await),
        ("written", 5)
    );
    let annotations = bed.get(&service("shop")).await["annotations"].clone();
    assert_eq!(
        annotations["nightshift-scaling-override"],
        "kind=boost min=5 from=2026-03-09T17:00:00Z until=2026-03-09T19:00:00Z by=ana reason=sale"
    );
    bed.run_at("2026-03-09T18:00:00Z").await;
    assert_eq!(bed.min("shop").await, 5, "somebody works late");
    bed.run_at("2026-03-09T19:00:00Z").await;
    assert_eq!(bed.min("shop").await, 0);
    let annotations = bed.get(&service("shop")).await["annotations"].clone();
    assert!(
        annotations.get("nightshift-scaling-override").is_none(),
        "{annotations}"
    );
    assert_eq!(annotations["nightshift-scaling-original"], "min=1");
}

#[tokio::test]
async fn an_override_can_be_ended_before_its_time() {
    let bed = bed("2026-03-09T20:00:00Z").await;
    ask(&bed, &wish(5, 2)).await.unwrap();
    bed.scaler.end_override("shop").await.unwrap();
    assert_eq!(bed.min("shop").await, 0);
}

#[tokio::test]
async fn a_wish_that_cannot_be_is_refused_before_anything_is_written() {
    let bed = bed("2026-03-09T20:00:00Z").await;
    let refused = |wish: Wish| {
        let bed = &bed;
        async move { ask(bed, &wish).await.err().unwrap().to_string() }
    };
    let unknown = Wish {
        target: "shp".to_owned(),
        ..wish(1, 1)
    };
    assert!(
        refused(unknown)
            .await
            .contains("no target is named \"shp\"")
    );
    assert!(
        refused(wish(101, 1))
            .await
            .contains("outside of limits 0 to 100")
    );
    let manual = Wish {
        min: None,
        power: Some(scheduled_scaling::schedule::Power::On),
        ..wish(1, 1)
    };
    assert!(
        refused(manual)
            .await
            .contains("a service takes min or manual")
    );
    assert!(bed.writes().is_empty());
}

#[tokio::test]
async fn a_release_restores_what_was_there_and_forgets() {
    let bed = bed("2026-03-09T09:00:00Z").await;
    bed.run().await;
    bed.scaler
        .release_target("shop", Release::Restore, None, false)
        .await
        .unwrap();
    let shop = bed.get(&service("shop")).await;
    assert_eq!((bed.min("shop").await, shop.get("annotations")), (1, None));
}

#[tokio::test]
async fn a_release_leaves_what_somebody_has_changed_unless_it_is_forced() {
    let bed = bed("2026-03-09T09:00:00Z").await;
    bed.run().await;
    bed.set_min("shop", 6).await;
    let refused = bed
        .scaler
        .release_target("shop", Release::Restore, None, false)
        .await;
    assert!(
        refused
            .err()
            .unwrap()
            .to_string()
            .contains("--force forgets what we know")
    );
    bed.scaler
        .release_target("shop", Release::Restore, None, true)
        .await
        .unwrap();
    let shop = bed.get(&service("shop")).await;
    assert_eq!((bed.min("shop").await, shop.get("annotations")), (6, None));
}

#[tokio::test]
async fn a_release_takes_the_count_to_leave() {
    let bed = bed("2026-03-09T09:00:00Z").await;
    bed.run().await;
    let to = Setting::Automatic { min: 2, max: None };
    bed.scaler
        .release_target("shop", Release::Restore, Some(to), false)
        .await
        .unwrap();
    assert_eq!(bed.min("shop").await, 2);
}

#[tokio::test]
async fn a_notice_comes_before_a_target_is_lowered_and_says_how_to_keep_it() {
    let text = format!(
        "{OFFICE}{}[publish]\ntopic = \"projects/demo/topics/scaling\"\nnotify_before = \"30m\"\n",
        office_service("shop")
    );
    let bed = Bed::start("2026-03-09T17:00:00Z", &text, &[("shop", 0)]).await;
    let early = bed.scaler.run().await;
    assert_eq!(notices(&bed.scaler.config, &early), []);
    bed.gcp
        .set_time(instant("2026-03-09T17:35:00Z"))
        .await
        .unwrap();
    let run = bed.scaler.run().await;
    let [notice] = &notices(&bed.scaler.config, &run)[..] else {
        panic!("one notice");
    };
    assert_eq!(notice.at, instant("2026-03-09T18:00:00Z"));
    assert_eq!(
        (notice.from.as_str(), notice.to.as_str()),
        ("min 3", "min 0")
    );
    let next = "scheduled-scaling override projects/demo/locations/europe-west1/services/shop --min 3 --for 2h --reason WHY";
    assert!(notice.next.contains(next), "{}", notice.next);
}
