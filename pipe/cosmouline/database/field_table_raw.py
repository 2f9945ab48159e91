"""The fields of 0_preparation: rows are raw frames, in a database of their own."""

# script: (name, type, unit, meaning), see field_table
RAW_WRITTEN_BY = {
    "0_preparation/0a_import_raw": [
        ("raw_name", str, "", "path of the file below raw_dir: its original name"),
        ("frame_detector", str, "", "which detector of the file, where it holds several"),
        ("standard_name", str, "", "start of the exposure, number of the camera, letter of kind"),
        ("frame_kind", str, "", "bias, dark, flat, object, lamp, focus or unclear"),
        ("frame_kind_reason", str, "", "the card that says so, and what the pixels show"),
        ("frame_flags", str, "", "what is odd about the raw frame"),
        ("frame_filter", str, "", "filter of the raw frame"),
        ("frame_mjd", float, "d", "middle of its exposure, UTC"),
        ("frame_night", str, "", "date at the noon before it, local"),
        ("frame_exptime_s", float, "s", "its exposure time; 0 of a bias"),
        ("frame_target", str, "", "its target"),
        ("frame_config", str, "", "size, binning, read-out mode and detector"),
        ("frame_temperature_c", float, "deg C", "set temperature of the detector, else measured"),
        ("frame_gain_e_per_adu", float, "e-/ADU", "gain by header or description"),
        ("frame_read_noise_e", float, "e-", "read noise by header or description"),
        ("frame_saturation_adu", float, "ADU", "saturation level, bias included"),
        ("frame_overscan_adu", float, "ADU", "mean level of the overscan that was taken off"),
        ("frame_level_adu", float, "ADU", "median level, without overscan"),
        ("frame_sigma_adu", float, "ADU", "noise, from the differences of neighbours"),
        ("frame_saturated", float, "1", "fraction of saturated pixels"),
        ("frame_n_stars", int, "1", "round sources in the middle of the frame"),
        ("frame_hash", str, "", "hash of its pixels: the same for the same frame")],
    "0_preparation/0b_choose_calibrations": [
        ("cal_kind", str, "", "kind of a raw frame, by frame_kind or calibrations.txt"),
        ("cal_use", bool, "", "True for a calibration frame that goes into a master"),
        ("cal_reason", str, "", "why it does or does not")],
    "0_preparation/1a_master_bias": [
        ("in_bias", str, "", "the master bias that this frame is part of")],
    "0_preparation/1b_master_dark": [
        ("in_dark", str, "", "the master dark that this frame is part of")],
    "0_preparation/1c_master_flat": [
        ("in_flat", str, "", "the master flat that this frame is part of")],
    "0_preparation/2a_calibrate": [
        ("cal_recipe", str, "", "its masters and what they were made of"),
        ("used_bias", str, "", "master bias taken off this frame; 'overscan' without one"),
        ("used_dark", str, "", "master dark taken off"),
        ("used_flat", str, "", "master flat by which it was divided"),
        ("cal_notes", str, "", "what is odd about its calibration"),
        ("cal_level_adu", float, "ADU", "median of the calibrated frame"),
        ("cal_n_saturated_px", int, "px", "saturated pixels of the calibrated frame"),
        ("cal_n_bad_px", int, "px", "its pixels without a value"),
        ("cal_master_noise", float, "1",
         "median variance that the masters brought in, of that of the frame")]
}
