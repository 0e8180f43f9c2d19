#pragma once

/// Proves alignment. Free of torch types.

#include "core/config/workspace_config.h"
#include "core/dataset/certificate.h"
#include "core/dataset/reject.h"
#include "core/runtime/compute_choice.h"
#include "core/runtime/job.h"

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace nanodit {

struct RecordCertificate {
    std::string id;
    ImageSize bucket;
    AlignmentCertificate certificate;
    bool kept = false; ///< Made by an earlier run and still true of file, picture, bucket and encoder.
};

struct CertifyRequest {
    Workspace workspace;
    std::vector<std::string> records = {}; ///< Ids; empty: all.
    std::int64_t sample = 0;               ///< At most so many of them, spread over the set, always the same; 0: all.
    bool anew = false;                     ///< Also those whose certificate still holds.
    ComputeChoice device = {};
    std::function<void(const RecordCertificate&)> onCertificate = [](const auto&) {};
    std::function<void(const struct CertifyReport&)> finished = [](const auto&) {};
};

/// Counts in equal bins over [low, high]; values outside go to the ends.
struct CosineHistogram {
    static constexpr double low = -1, high = 1;
    std::array<std::int64_t, 40> bins{};
    void add(double cosine);
};

struct CertifyReport {
    std::vector<RecordCertificate> certificates; ///< Worst first: by verdict, then by the correct place's lead.
    std::map<AlignmentVerdict, std::int64_t> counts;
    CosineHistogram truth;           ///< Mean cosine in the correct place, by record.
    CosineHistogram bestAlternative; ///< Of each record's best alternative.
    std::vector<Reject> left;        ///< Records that could not be certified, and why.
    std::int64_t notAsked = 0;       ///< Records beyond the sample.
    bool sound() const;              ///< Every certificate is true, and no record was left.
};

/// Recomputes the patches of each record, compares them with the stored ones and with what known bugs would have
/// stored, and keeps the certificates in the catalog as it goes: what was certified before is not repeated. Writes
/// nothing else.
std::unique_ptr<Job> makeCertifyJob(CertifyRequest request);

/// The certificates that still hold, by record id. Reads no arrays (but those whose file's time changed).
std::map<std::string, AlignmentCertificate> certificates(const Workspace& workspace);

} // namespace nanodit
