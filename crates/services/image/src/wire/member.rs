//! Members of shared images.

use ferrostack_http::Schema;
use serde::{Deserialize, Serialize};

use crate::model::{ImageId, Member, MemberStatus};

/// For `POST /v2/images/{id}/members`.
pub(crate) static CREATE: Schema = Schema::new(
    r#"{
    "type": "object",
    "properties": {"member": {"type": "string", "minLength": 1, "maxLength": 255}},
    "required": ["member"]
}"#,
);

/// For `PUT /v2/images/{id}/members/{member}`.
pub(crate) static UPDATE: Schema = Schema::new(
    r#"{
    "type": "object",
    "properties": {"status": {"type": "string", "enum": ["pending", "accepted", "rejected"]}},
    "required": ["status"]
}"#,
);

/// The body that shares an image.
#[derive(Debug, Deserialize)]
pub(crate) struct CreateMember {
    pub(crate) member: String,
}

/// The body by which a member accepts or rejects.
#[derive(Debug, Deserialize)]
pub(crate) struct UpdateMember {
    pub(crate) status: MemberStatus,
}

/// A member in an answer.
#[derive(Debug, Serialize)]
pub(crate) struct MemberView<'a> {
    image_id: ImageId,
    member_id: &'a str,
    status: MemberStatus,
    created_at: String,
    updated_at: String,
    schema: &'static str,
}

impl<'a> MemberView<'a> {
    pub(crate) fn new(member: &'a Member) -> Self {
        Self {
            image_id: member.image_id,
            member_id: &member.member,
            status: member.status,
            created_at: member.created_at.to_iso(),
            updated_at: member.updated_at.to_iso(),
            schema: "/v2/schemas/member",
        }
    }
}

/// All members in an answer.
#[derive(Debug, Serialize)]
pub(crate) struct MembersView<'a> {
    pub(crate) members: Vec<MemberView<'a>>,
    pub(crate) schema: &'static str,
}
