//! Images from the controllers.

use ferrostack_agent_api::{AgentError, AgentErrorKind, ImageData, ImageSource, Reply};
use uuid::Uuid;

use super::Controllers;
use crate::client::open_image;

/// The cloud's images, as a node without an image service fetches them: from the first controller that answers. Data that
/// ends early is an error of the stream, never just short.
pub struct RemoteImages {
    controllers: Controllers,
}

impl RemoteImages {
    /// From those controllers.
    pub fn new(controllers: Controllers) -> Self {
        Self { controllers }
    }
}

impl ImageSource for RemoteImages {
    fn open(&self, image: Uuid) -> Reply<'_, ImageData> {
        Box::pin(async move {
            let path = format!("/v1/images/{image}");
            let mut reasons = Vec::new();
            for (number, channel) in self.controllers.in_order() {
                match open_image(channel.link(), channel.target(), &path).await {
                    Ok(data) => {
                        self.controllers.prefer(number);
                        return Ok(data);
                    }
                    Err(error) if error.kind == AgentErrorKind::Unreachable => reasons.push(error.message),
                    refused => return refused,
                }
            }
            Err(AgentError::new(AgentErrorKind::Unreachable, reasons.join("; ")))
        })
    }
}
