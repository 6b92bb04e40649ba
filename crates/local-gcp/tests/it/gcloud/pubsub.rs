//! `gcloud pubsub`.

use super::gcloud;
use crate::{
    receiver::Receiver,
    support::{Result, start},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;

#[tokio::test]
async fn gcloud_publishes_to_pull_and_to_push() -> Result<()> {
    let (api, function) = (start().await?, Receiver::start().await?);
    let Some(gcloud) = gcloud(&api)? else {
        return Ok(());
    };
    let run = async |arguments: &[&str]| gcloud.run(&[&["pubsub"], arguments].concat()).await;
    run(&["topics", "create", "budget"]).await?;
    assert_eq!(
        run(&["topics", "list"]).await?[0]["name"],
        "projects/demo/topics/budget"
    );
    run(&["subscriptions", "create", "reader", "--topic=budget"]).await?;
    let endpoint = format!("--push-endpoint={}", function.url("/"));
    run(&[
        "subscriptions",
        "create",
        "pushes",
        "--topic=budget",
        &endpoint,
    ])
    .await?;
    let message = ["--message=hello", "--attribute=a=b"];
    let published = run(&[&["topics", "publish", "budget"], &message[..]].concat()).await?;
    let id = &published["messageIds"][0];
    let pulled = run(&["subscriptions", "pull", "reader", "--auto-ack"]).await?;
    let pushed = function.wait_for(1).await?[0].json();
    for received in [&pulled[0]["message"], &pushed["message"]] {
        assert_eq!(
            (
                &received["data"],
                &received["attributes"],
                &received["messageId"]
            ),
            (&json!(STANDARD.encode("hello")), &json!({"a": "b"}), id)
        );
    }
    assert_eq!(run(&["subscriptions", "pull", "reader"]).await?, json!([]));
    Ok(())
}
