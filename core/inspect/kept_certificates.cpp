#include "core/inspect/kept_certificates.h"

#include "core/dataset/catalog.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace nanodit {

void addCertificate(CertifyReport& report, RecordCertificate certificate)
{
    const auto& found = certificate.certificate;
    ++report.counts[found.verdict];
    if (found.fitsGrid())
        report.truth.add(found.cosine);
    if (!found.alternatives.empty())
        report.bestAlternative.add(found.alternatives.front().cosine);
    report.certificates.push_back(std::move(certificate));
}

void sortWorstFirst(CertifyReport& report)
{
    std::ranges::stable_sort(report.certificates, {}, [](const RecordCertificate& one) {
        const auto& certificate = one.certificate;
        const auto& others = certificate.alternatives;
        return std::tuple(certificate.verdict == AlignmentVerdict::True, certificate.fitsGrid(),
                          certificate.cosine - (others.empty() ? 0 : others.front().cosine));
    });
}

CertifyReport certifiedSoFar(const Workspace& workspace)
{
    CertifyReport report;
    auto kept = certificates(workspace);
    if (kept.empty())
        return report;
    auto catalog = Catalog::open(workspace);
    for (const auto& record : catalog.records()) {
        if (!record.excluded.empty())
            continue;
        if (const auto found = kept.find(record.id); found != kept.end())
            addCertificate(report,
                           {.id = record.id, .bucket = record.bucket, .certificate = found->second, .kept = true});
        else
            ++report.notAsked;
    }
    sortWorstFirst(report);
    return report;
}

} // namespace nanodit
