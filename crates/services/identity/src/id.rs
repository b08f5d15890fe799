//! Ids: text, mostly 32 hexadecimal digits, but also `default` and, for regions, anything.

use ferrostack_base::text_id;
use ferrostack_db::column_id;

text_id!(
    /// A domain.
    DomainId, "domain", 64
);
text_id!(
    /// A project.
    ProjectId, "project", 64
);
text_id!(
    /// A user.
    UserId, "user", 64
);
text_id!(
    /// A group of users.
    GroupId, "group", 64
);
text_id!(
    /// A role.
    RoleId, "role", 64
);
text_id!(
    /// A region; free text, often its name.
    RegionId, "region", 255
);
text_id!(
    /// A service of the catalog.
    ServiceId, "service", 64
);
text_id!(
    /// An endpoint of a service.
    EndpointId, "endpoint", 64
);

column_id!(DomainId, ProjectId, UserId, GroupId, RoleId, RegionId, ServiceId, EndpointId);

/// The domain that is taken where a request names none.
pub const DEFAULT_DOMAIN: &str = "default";
