#pragma once
// Definitions as those may see them who may only look.

#include "core/definition/difference.h"
#include "core/definition/spec.h"

namespace assetd::http {

/// Without what only this daemon's steps may see: values of variables and of what receivers of alerts need, but for names of secrets.
Definitions without_secrets(Definitions definitions);

/// As difference(). Of a value that is hidden it says that it is another one, and not which.
std::vector<DefinitionChange> shown_difference(const Definitions& before, const Definitions& after);

}  // namespace assetd::http
