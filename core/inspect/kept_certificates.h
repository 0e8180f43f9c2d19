#pragma once

/// The part of the engine's front that tells what is certified already. Free of torch types.

#include "core/config/workspace_config.h"
#include "core/inspect/certify.h"

namespace nanodit {

/// The certificates in the catalog that still hold, as a report of them: records without one count as not asked. Reads
/// no arrays (but those whose file's time changed); encodes nothing.
CertifyReport certifiedSoFar(const Workspace& workspace);

/// Counts a certificate in the report and adds it.
void addCertificate(CertifyReport& report, RecordCertificate certificate);
void sortWorstFirst(CertifyReport& report);

} // namespace nanodit
