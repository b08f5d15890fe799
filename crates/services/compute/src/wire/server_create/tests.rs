use serde_json::json;

use super::*;

const IMAGE: &str = "70a599e0-31e7-49b7-b260-868f441e862b";

fn body(extra: Value) -> Value {
    let mut server = json!({"name": "a", "flavorRef": 1, "imageRef": IMAGE});
    for (key, value) in extra.as_object().unwrap() {
        server[key] = value.clone();
    }
    json!({"server": server})
}

fn wanted(extra: Value) -> Result<WantedServers, String> {
    let body = body(extra);
    CREATE.validate(&body).map_err(|fault| fault.message)?;
    serde_json::from_value::<Create>(body).unwrap().into_wanted().map_err(|error| error.to_string())
}

#[test]
fn what_clients_send_is_understood() {
    let all = wanted(json!({
        "accessIPv6": "0:0:0:0:0:babe:220.12.22.2", "availability_zone": "nova:compute-1", "max_count": "2", "config_drive": "True",
        "networks": [{"uuid": IMAGE, "fixed_ip": null}],
    }));
    // A null fixed_ip is refused by the schema, as upstream does.
    assert!(all.is_err());
    let all = wanted(json!({
        "accessIPv6": "0:0:0:0:0:babe:220.12.22.2", "availability_zone": "nova:compute-1", "max_count": "2", "config_drive": "True",
        "networks": [{"uuid": IMAGE}], "user_data": "aGVsbG8=",
    }))
    .unwrap();
    assert_eq!(all.flavor_id, "1");
    assert_eq!(all.access_ip_v6.as_deref(), Some("::babe:dc0c:1602"));
    assert_eq!((all.zone.as_deref(), all.forced_host.as_deref()), (Some("nova"), Some("compute-1")));
    assert_eq!(all.amount, (1, 2));
    assert!(all.config_drive);
    assert_eq!(all.nics.unwrap().len(), 1);
    assert_eq!(wanted(json!({"networks": []})).unwrap().nics, None);
}

#[test]
fn one_local_disk_from_the_image_is_a_boot_from_the_image() {
    let device = json!({"source_type": "image", "destination_type": "local", "boot_index": 0, "uuid": IMAGE, "delete_on_termination": true});
    assert!(wanted(json!({"block_device_mapping_v2": [device]})).is_ok());
    let volume =
        json!({"source_type": "image", "destination_type": "volume", "boot_index": 0, "uuid": IMAGE, "volume_size": 1});
    assert!(wanted(json!({"block_device_mapping_v2": [volume]})).unwrap_err().contains("volumes"));
    assert!(wanted(json!({"imageRef": ""})).unwrap_err().contains("imageRef"));
}

#[test]
fn refusals_name_the_field() {
    let table = [
        (json!({"name": " a"}), "name"),
        (json!({"name": ""}), "name"),
        (json!({"imageRef": "tiny"}), "imageRef"),
        (json!({"min_count": 0}), "min_count"),
        (json!({"min_count": 3, "max_count": 2}), "min_count"),
        (json!({"max_count": 5000}), "max_count"),
        (json!({"max_count": 2, "networks": [{"port": IMAGE}]}), "networks"),
        (json!({"networks": [{"uuid": "x"}]}), "networks"),
        (json!({"networks": [{}]}), "networks"),
        (json!({"user_data": "?"}), "user_data"),
        (json!({"accessIPv4": "1.2.3"}), "accessIPv4"),
        (json!({"metadata": {"a": 1}}), "metadata"),
        (json!({"metadata": {"a/b": "c"}}), "metadata"),
        (json!({"personality": [{"path": "/a", "contents": ""}]}), "personality"),
        (json!({"colour": "red"}), "colour"),
        (json!({"availability_zone": "a:b:c:d"}), "availability_zone"),
    ];
    for (extra, field) in table {
        let refusal = wanted(extra.clone()).unwrap_err();
        assert!(refusal.contains(field), "{extra}: {refusal}");
    }
}
