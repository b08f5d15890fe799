//! Who may do what, with upstream's names and its role-based defaults.

use ferrostack_policy::{Action, Scope};

const MEMBER: &str = "rule:image_admin or (role:member and project_id:%(project_id)s)";
const READER: &str = "rule:image_admin or (role:reader and project_id:%(project_id)s)";
const SEES: &str = "rule:image_admin or (role:reader and (project_id:%(project_id)s or project_id:%(member_id)s \
    or 'community':%(visibility)s or 'public':%(visibility)s or 'shared':%(visibility)s))";
const DOWNLOADS: &str = "rule:image_admin or (role:member and (project_id:%(project_id)s or project_id:%(member_id)s \
    or 'community':%(visibility)s or 'public':%(visibility)s or 'shared':%(visibility)s))";
const SEES_MEMBERS: &str =
    "rule:image_admin or (role:reader and (project_id:%(project_id)s or project_id:%(member_id)s))";

const fn action(name: &'static str, rule: &'static str, doc: &'static str) -> Action {
    Action { name, rule, scope_types: &[Scope::Project], doc }
}

/// All actions of the service. Targets have `project_id` (the image's owner), `visibility`, and `member_id`: the caller's
/// project when the image is shared with it. What an image's visibility hides is not found, whatever the rule says.
pub const ACTIONS: &[Action] = &[
    Action {
        name: "image_admin",
        rule: "role:admin",
        scope_types: &[],
        doc: "Who administers the images of all projects.",
    },
    action("get_images", READER, "List images."),
    action("get_image", SEES, "Show an image; without it nothing else can be done to the image either."),
    action("add_image", MEMBER, "Create an image; the target's project is the owner that the image would have."),
    action("modify_image", MEMBER, "Change an image's properties and tags."),
    action("delete_image", MEMBER, "Delete an image with its data."),
    action("publicize_image", "rule:image_admin", "Make an image public, also when it is created."),
    action("communitize_image", MEMBER, "Make an image available to all projects without listing it to them."),
    action("upload_image", MEMBER, "Upload an image's data."),
    action("download_image", DOWNLOADS, "Download an image's data."),
    action("deactivate", MEMBER, "Forbid downloads of an image for a while."),
    action("reactivate", MEMBER, "Allow downloads of an image again."),
    action("get_members", SEES_MEMBERS, "List the projects with which an image is shared."),
    action("get_member", SEES_MEMBERS, "Show whether a project accepted a shared image."),
    action("add_member", MEMBER, "Share an image with another project."),
    action(
        "modify_member",
        "rule:image_admin or (role:member and project_id:%(member_id)s)",
        "Accept or reject a shared image.",
    ),
    action("delete_member", MEMBER, "Stop sharing an image with a project."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_are_well_formed() {
        ferrostack_policy::Policy::new([ACTIONS]).unwrap();
    }
}
