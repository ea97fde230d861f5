#pragma once
#include <string>

#include "core/alert/alert.h"
#include "core/definition/spec.h"

namespace assetd {

/// Headers and body of a mail (RFC 5322): UTF-8 in base64 (RFC 2045, 2047), with CRLF. What others wrote cannot add a header or a line.
/// Message-ID is the alert's id: a mail that comes twice is known by it.
std::string mail_text(const AlertRecord& alert, const EmailSpec& email);

}  // namespace assetd
