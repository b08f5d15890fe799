//! Who may do what: each route, without a token and with those that must not do.

use ferrostack_http::Access;
use ferrostack_placement::routes;

use crate::cloud::Cloud;

#[tokio::test]
async fn every_route_refuses_whom_its_action_excludes() {
    let cloud = Cloud::each().await.remove(0);
    let mut asked = 0;
    for info in routes().infos() {
        let Access::Policy(action) = info.access else { continue };
        let path =
            info.path.replace("{uuid}", "3e6a8c3a-0000-4000-8000-000000000001").replace("{resource_class}", "VCPU");
        let path =
            path.replace("{name}", "CUSTOM_X").replace("{consumer_uuid}", "3e6a8c3a-0000-4000-8000-000000000002");
        let ask = async |token: Option<&str>, query: &str| {
            cloud.send(token, "1.39", info.method.as_str(), &format!("{path}{query}"), None).await.status
        };
        assert_eq!(ask(None, "").await, 401, "{action} without a token");
        assert_eq!(ask(Some("nobody"), "").await, 401, "{action} with a wrong token");
        if action == "placement:usages" {
            assert_eq!(ask(Some("reader:mine"), "?project_id=theirs").await, 403, "{action} of another project");
            assert_eq!(ask(Some("reader:mine"), "?project_id=mine").await, 200, "{action} of the own project");
        } else {
            for token in ["reader", "member"] {
                assert_eq!(ask(Some(token), "").await, 403, "{action} as {token}");
            }
        }
        let expected = if action == "placement:reshaper:reshape" { 403 } else { 0 };
        let status = ask(Some("admin"), "").await;
        assert!(status != 401 && (status == 403) == (expected == 403), "{action} as admin: {status}");
        assert_ne!(ask(Some("service"), "").await, 403, "{action} as service");
        asked += 1;
    }
    assert_eq!(asked, routes().infos().len() - 1, "all but the version document");
}

#[tokio::test]
async fn the_version_document_is_public() {
    let cloud = Cloud::each().await.remove(0);
    let answer = cloud.send(None, "latest", "GET", "", None).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["versions"][0]["id"], "v1.0");
    assert_eq!(answer.body["versions"][0]["max_version"], "1.39");
    assert_eq!(answer.headers["openstack-api-version"], "placement 1.39");
    assert_eq!(answer.headers["cache-control"], "no-cache");
    assert_eq!(cloud.send(None, "1.40", "GET", "", None).await.status, 406);
}
