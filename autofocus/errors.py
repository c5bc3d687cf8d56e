"""Every error that a user may see; the message is one clear sentence that says what to do.

    AutoFocusError (ValueError)
    ├── PhotoError        a file cannot be read or written as a photo
    ├── DepthMapError     a custom depth map cannot be used with this photo
    ├── RequestError      what is asked for means nothing here: a focus, an option, a folder
    │   └── SettingsError     the same, in a settings file
    ├── BusyError         too many people or too little room, just now
    ├── VersionError      a model version is missing or cannot be loaded
    │   └── HubError          the Hugging Face Hub did not give what was asked for
    ├── PublishError      a version or a Space cannot be published
    ├── ReviewError       a review or a vote cannot be kept
    └── TrainingError     a stage of training lacks what it needs

The borders (page, API, command line) catch `AutoFocusError`; anything else is a fault of ours.
"""

import errno

NO_SPACE = (errno.ENOSPC, errno.EDQUOT)  # by what the system says that a disk is full


class AutoFocusError(ValueError):
    """The base of all: its message may be shown to anybody."""


class PhotoError(AutoFocusError):
    """A file cannot be read or written as a photo."""


class DepthMapError(AutoFocusError):
    """A custom depth map cannot be used with this photo."""


class RequestError(AutoFocusError):
    """What is asked for means nothing here."""


class SettingsError(RequestError):
    """A settings file cannot be used."""


class BusyError(AutoFocusError):
    """Too many people are served, or too little room is left, just now."""


class VersionError(AutoFocusError):
    """A model version is missing or cannot be loaded."""


class HubError(VersionError):
    """The Hugging Face Hub did not give what was asked for."""


class PublishError(AutoFocusError):
    """A version or a Space cannot be published."""


class ReviewError(AutoFocusError):
    """A review or a vote cannot be kept."""


class TrainingError(AutoFocusError):
    """A stage of training lacks what it needs."""
