//! How the times in picture addresses are read, by what the page shows. Must not read the wanted day.

use chrono::NaiveDate;
use draywatch_core::CameraId;
use draywatch_core::address::{Address, AddressTime};
use draywatch_core::zone::{self, Evidence, ImageTime, ImageTimeSetting, ZoneError};

use super::{ListError, Lister, ZoneState};
use crate::reading::{Wanted, network_reading};

impl Lister {
    /// The newest time that any address of the camera names, on the page or in its answers.
    pub(super) fn newest(&self, camera: &CameraId) -> Option<AddressTime> {
        self.newest_where(|address| address.camera == *camera)
    }

    /// The newest time among the addresses, on the page or in its answers, that are `wanted`.
    fn newest_where(&self, wanted: impl Fn(&Address) -> bool) -> Option<AddressTime> {
        let answers = self
            .page
            .iter()
            .flat_map(|page| page.answers.iter().flat_map(|answer| &answer.addresses));
        let told = answers
            .map(|named| &named.address)
            .filter(|address| wanted(address))
            .map(|address| address.time);
        let shown = self
            .first_look
            .iter()
            .filter_map(|text| Address::parse(text))
            .filter(|address| wanted(address))
            .map(|address| address.time);
        told.chain(shown).max()
    }

    /// How addresses are read; where the page shows no picture yet, today is picked to see some, and the day before, since
    /// today may be minutes old.
    pub(super) async fn decide(
        &mut self,
        camera: &CameraId,
        state: &ZoneState,
    ) -> Result<ImageTime, ListError> {
        let today = self.today();
        let is_open =
            self.settings.image_time == ImageTimeSetting::Auto && state.recorded.is_none();
        for day in [Some(today), today.pred_opt()].into_iter().flatten() {
            if is_open && self.newest(camera).is_none() {
                self.look_at(day).await?;
            }
        }
        let newest = self.newest(camera);
        let newest_is_known = newest
            .is_some_and(|time| state.newest_seen.as_deref() == Some(time.to_string().as_str()));
        let evidence = Evidence {
            newest,
            newest_of_any: self.newest_where(|address| address.time.naive().is_some()),
            newest_is_known,
            now: self.clock.now(),
            zone: self.settings.time_zone,
        };
        let decided = zone::decide(self.settings.image_time, state.recorded, &evidence);
        if matches!(decided, Err(ZoneError::NoEvidence { .. })) {
            self.refuse_failed_requests(camera, today)?;
        }
        Ok(decided?)
    }

    /// Where nothing was shown since the page's own request failed, that is what is to be told.
    fn refuse_failed_requests(
        &mut self,
        camera: &CameraId,
        today: NaiveDate,
    ) -> Result<(), ListError> {
        let zone = self.settings.time_zone;
        let (_, page) = self.opened()?;
        let wanted = Wanted {
            camera: camera.clone(),
            date: page.picks.get(&page.phase).copied().unwrap_or(today),
            zone,
            // No failure depends on it.
            reading: ImageTime::Utc,
        };
        let network = network_reading(&wanted, &page.answers, page.phase, &page.picks);
        network
            .failure
            .map_or(Ok(()), |failure| Err(ListError::api(&wanted, failure)))
    }

    /// Shows a day for the sake of the pictures that it has.
    async fn look_at(&mut self, day: NaiveDate) -> Result<(), ListError> {
        let limit = self.settings.page_timeout;
        let (browser, page) = self.opened()?;
        if page.pick(browser, day).await?.how.is_some() {
            let reading = page.settle(browser, limit).await?;
            self.first_look.extend(reading.pictures);
        }
        Ok(())
    }
}
