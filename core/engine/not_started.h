#pragma once

namespace assetd {

/// ExitReport::reason of an attempt that was never started because the file system takes no more files: nothing is wrong with its step.
inline constexpr const char* kNoSpace = "no_space";

}  // namespace assetd
