//! The decision how address times are read, kept in the database. Must not decide (see `draywatch_core::zone`).

use draywatch_catalog::{Catalog, CatalogError};
use draywatch_core::CameraId;
use draywatch_portal::{Listed, ZoneState};

/// Name of the fact that holds the decision.
pub const IMAGE_TIME: &str = "image_time";

fn newest_fact(camera: &CameraId) -> String {
    format!("newest_address_time:{camera}")
}

/// What is on record for a camera.
pub async fn recorded(catalog: &dyn Catalog, camera: &CameraId) -> Result<ZoneState, CatalogError> {
    let recorded = catalog
        .fact(IMAGE_TIME)
        .await?
        .and_then(|text| text.parse().ok());
    Ok(ZoneState {
        recorded,
        newest_seen: catalog.fact(&newest_fact(camera)).await?,
    })
}

/// Records what a listing showed, where it is new.
pub async fn record(
    catalog: &dyn Catalog,
    before: &ZoneState,
    listed: &Listed,
) -> Result<(), CatalogError> {
    if before.recorded != Some(listed.reading) {
        catalog
            .set_fact(IMAGE_TIME, Some(listed.reading.as_str()))
            .await?;
    }
    if listed.newest.is_some() && before.newest_seen != listed.newest {
        catalog
            .set_fact(
                &newest_fact(&listed.listing.camera),
                listed.newest.as_deref(),
            )
            .await?;
    }
    Ok(())
}
