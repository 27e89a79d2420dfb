"""Known errors: their text is one sentence for the user, saying what happened and what to do.

Anything else that is raised is a bug and is reported with its traceback.
"""


class LatentExplorerError(Exception):
    """A known error (the user's file, setting, disk, memory or device); ``str(error)`` is shown as it is."""


class SettingError(LatentExplorerError):
    """A setting outside its range; the text names the setting and the range."""


class DatasetError(LatentExplorerError):
    """A data set that cannot be used."""


class CheckpointError(LatentExplorerError):
    """A model file that cannot be used."""


class ExportError(LatentExplorerError):
    """Something that could not be written."""


class TrainingError(LatentExplorerError):
    """Training that cannot start or go on."""


class DeviceError(LatentExplorerError):
    """A device that is not there, or whose memory ran out."""


class InputError(LatentExplorerError, ValueError):
    """An array given to the Python API that the model cannot take; the text names the shapes or values that it takes."""


class Cancelled(Exception):
    """The user cancelled; not an error, never shown as one."""
