//! Sharing images with other projects.

use ferrostack_auth::Ctx;

use crate::{
    Image, ImageError,
    access::{Found, is_admin},
    model::{ImageId, Member, MemberStatus, Visibility},
    store,
};

/// Shares an image with a project, which may then accept it.
pub(crate) async fn create(cx: &Ctx, image: &Image, id: ImageId, project: String) -> Result<Member, ImageError> {
    let found = image.find(cx, id, "get_image").await?;
    must_be_shared(&found)?;
    found.allow(cx, "add_member")?;
    let now = image.db().clock().now();
    let member =
        Member { image_id: id, member: project, status: MemberStatus::Pending, created_at: now, updated_at: now };
    let limit = image.options().image_member_quota;
    let row = &member;
    image
        .db()
        .tx(|tx| async move {
            if store::member::list(&tx, id).await?.len() >= limit {
                return Err(ImageError::TooMany { what: "members", limit });
            }
            match store::member::insert(&tx, row).await {
                Err(error) if error.is_duplicate() => {
                    Err(ImageError::DuplicateMember { image: id, member: row.member.clone() })
                }
                other => Ok(other?),
            }
        })
        .await?;
    Ok(member)
}

/// The members that the caller may know of: all of an own image, only oneself of another's.
pub(crate) async fn list(cx: &Ctx, image: &Image, id: ImageId) -> Result<Vec<Member>, ImageError> {
    let found = image.find(cx, id, "get_image").await?;
    must_be_shared(&found)?;
    found.allow(cx, "get_members")?;
    let all = store::member::list(image.db(), id).await?;
    Ok(all.into_iter().filter(|member| knows(cx, &found, &member.member)).collect())
}

/// One member, if the caller may know of it.
pub(crate) async fn get(cx: &Ctx, image: &Image, id: ImageId, project: &str) -> Result<Member, ImageError> {
    let found = image.find(cx, id, "get_image").await?;
    let hidden = || ImageError::MemberNotFound { image: id, member: project.to_owned() };
    if found.image.visibility != Visibility::Shared
        || found.allow(cx, "get_member").is_err()
        || !knows(cx, &found, project)
    {
        return Err(hidden());
    }
    store::member::get(image.db(), id, project).await?.ok_or_else(hidden)
}

/// The member accepts or rejects the image. Its owner can't do that for it.
pub(crate) async fn update(
    cx: &Ctx,
    image: &Image,
    id: ImageId,
    project: &str,
    status: MemberStatus,
) -> Result<Member, ImageError> {
    let found = image.find(cx, id, "get_image").await?;
    must_be_shared(&found)?;
    if !knows(cx, &found, project) {
        return Err(ImageError::MemberNotFound { image: id, member: project.to_owned() });
    }
    found.allow(cx, "modify_member")?;
    let now = image.db().clock().now();
    image
        .db()
        .tx(|tx| async move {
            store::member::update(&tx, id, project, status, now).await?;
            let member = store::member::get(&tx, id, project).await?;
            member.ok_or_else(|| ImageError::MemberNotFound { image: id, member: project.to_owned() })
        })
        .await
}

/// Stops sharing.
pub(crate) async fn delete(cx: &Ctx, image: &Image, id: ImageId, project: &str) -> Result<(), ImageError> {
    let found = image.find(cx, id, "get_image").await?;
    must_be_shared(&found)?;
    found.allow(cx, "delete_member")?;
    if image.db().tx(|tx| async move { store::member::delete(&tx, id, project).await }).await? {
        Ok(())
    } else {
        Err(ImageError::MemberNotFound { image: id, member: project.to_owned() })
    }
}

fn must_be_shared(found: &Found) -> Result<(), ImageError> {
    match found.image.visibility {
        Visibility::Shared => Ok(()),
        other => Err(ImageError::not_shared(found.image.id, other)),
    }
}

fn knows(cx: &Ctx, found: &Found, project: &str) -> bool {
    found.is_own(cx) || is_admin(cx) || cx.project_id() == Some(project)
}
