//! The service as nodes see it: they fetch the data of images to boot servers from.
use ferrostack_agent_api::{AgentError, AgentErrorKind, ImageData, ImageSource, Reply};
use ferrostack_base::chain;
use uuid::Uuid;

use crate::{Image, file_store::ByteRange, model::ImageId, store};

impl ImageSource for Image {
    fn open(&self, image: Uuid) -> Reply<'_, ImageData> {
        Box::pin(async move {
            let unreachable = |error: &dyn std::error::Error| {
                AgentError::new(AgentErrorKind::Unreachable, format!("image {image}: {}", chain(error)))
            };
            let missing = || AgentError::new(AgentErrorKind::NotFound, format!("image {image} has no data"));
            let record = store::image::get(self.db(), ImageId(image)).await.map_err(|error| unreachable(&error))?;
            let record = record.ok_or_else(missing)?;
            let length = record.size.and_then(|size| u64::try_from(size).ok());
            let (file, length) = record.data_file.zip(length).ok_or_else(missing)?;
            let range = ByteRange { start: 0, length };
            let data =
                self.files().read(&file, range).await.map_err(|error| unreachable(&error))?.ok_or_else(missing)?;
            Ok(ImageData { size: Some(length), chunks: Box::pin(data) })
        })
    }
}
