use super::*;

fn place(text: &str) -> Result<Place, InvalidPlace> {
    text.parse()
}

#[test]
fn places_are_read_as_they_are_written() {
    for text in ["gs://vault", "gs://vault/a/b", "file:///var/lib/guard"] {
        assert_eq!(place(text).unwrap().to_string(), text);
    }
    assert_eq!(place("gs://vault/a/").unwrap().to_string(), "gs://vault/a");
}

#[test]
fn what_is_no_place_is_refused_with_what_would_be_one() {
    for text in [
        "",
        "vault",
        "gs://",
        "gs:///a",
        "file://relative",
        "s3://vault",
        "gs://a/b//c",
    ] {
        let said = place(text).unwrap_err().to_string();
        assert!(said.contains("gs://BUCKET/PREFIX"), "{said}");
    }
}

async fn only_the_first_of_two_writers_wins(store: Store) {
    let object = "budget-guard/v1/a/b/state.json";
    let (nothing, absent) = store.read(object).await.unwrap();
    assert_eq!((nothing, &absent), (None, &Version::ABSENT));
    let one = store.write(object, "one".into(), &absent).await.unwrap();
    let late = store.write(object, "late".into(), &absent).await;
    assert!(matches!(late, Err(StoreError::Conflict(_))), "{late:?}");

    let (read, version) = store.read(object).await.unwrap();
    assert_eq!((read.unwrap(), &version), (Bytes::from("one"), &one));
    store.write(object, "two".into(), &version).await.unwrap();
    let late = store.write(object, "late".into(), &version).await;
    assert!(matches!(late, Err(StoreError::Conflict(_))), "{late:?}");
    assert_eq!(store.read(object).await.unwrap().0.unwrap(), "two");
}

async fn a_write_whose_answer_was_lost_is_a_write(store: Store) {
    let (_, absent) = store.read("o").await.unwrap();
    let first = store.write("o", "same".into(), &absent).await.unwrap();
    assert_eq!(
        store.write("o", "same".into(), &absent).await.unwrap(),
        first
    );
}

#[tokio::test]
async fn only_the_first_of_two_writers_wins_in_memory() {
    only_the_first_of_two_writers_wins(Store::in_memory()).await;
    a_write_whose_answer_was_lost_is_a_write(Store::in_memory()).await;
}

fn folder(folder: &tempfile::TempDir) -> Store {
    let place = Place::Folder(folder.path().to_owned());
    let gcp = Gcp::new(
        google_cloud_auth::credentials::anonymous::Builder::new().build(),
        None,
    );
    Store::open(place, &gcp).unwrap()
}

#[tokio::test]
async fn only_the_first_of_two_writers_wins_in_a_folder() {
    let temporary = tempfile::tempdir().unwrap();
    only_the_first_of_two_writers_wins(folder(&temporary)).await;
    a_write_whose_answer_was_lost_is_a_write(folder(&temporary)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_writers_at_once_in_a_folder_nobody_is_lost() {
    let temporary = tempfile::tempdir().unwrap();
    let add = |writer: usize, store: Store| async move {
        for _ in 0..20 {
            loop {
                let (read, version) = store.read("count").await.unwrap();
                let next = Bytes::from(format!("{} {writer}", count(read) + 1));
                match store.write("count", next, &version).await {
                    Ok(_) => break,
                    Err(StoreError::Conflict(_)) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        }
    };
    // Two stores are two instances: they share nothing but the folder.
    let writers: Vec<_> = (0..4)
        .map(|writer| tokio::spawn(add(writer, folder(&temporary))))
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(count(folder(&temporary).read("count").await.unwrap().0), 80);
}

fn count(stored: Option<Bytes>) -> u32 {
    let text = stored.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap());
    text.map_or(0, |text| text.split(' ').next().unwrap().parse().unwrap())
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let error = Folder::open(FilePath::new("/nonexistent/guard")).unwrap_err();
    assert!(error.to_string().contains("/nonexistent/guard"), "{error}");
    assert!(error.advice().is_some());
}

use std::path::Path as FilePath;
