#include "app/cli/deep_verification.h"

#include "app/cli/report_text.h"
#include "app/cli/shared_options.h"
#include "app/cli/wording.h"
#include "core/config/workspace_config.h"
#include "core/front/data.h"
#include "core/geometry/bucket.h"

#include <algorithm>
#include <cstdio>

namespace nanodit::cli {

namespace {

using nlohmann::json;

/// What people see of a long list; JSON has all of it.
constexpr std::size_t mostShown = 20;

std::string cosineText(double cosine)
{
    char text[32];
    std::snprintf(text, sizeof text, "%.4f", cosine);
    return text;
}

json toJson(const CosineHistogram& histogram)
{
    return {{"low", CosineHistogram::low}, {"high", CosineHistogram::high}, {"bins", histogram.bins}};
}

json toJson(const RecordCertificate& one)
{
    auto line = one.certificate.toJson();
    line["id"] = one.id;
    line["bucket"] = bucketName(one.bucket);
    line["sentence"] = one.certificate.sentence();
    line["kept"] = one.kept;
    return line;
}

std::string countsText(const CertifyReport& report)
{
    std::string text;
    for (const auto& [verdict, count] : report.counts)
        text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + verdictName(verdict);
    return text.empty() ? "none" : text;
}

/// Bars of the bins that hold anything, the two histograms side by side.
std::string histogramText(const CertifyReport& report)
{
    const auto& truth = report.truth.bins;
    const auto& other = report.bestAlternative.bins;
    std::vector<std::vector<std::string>> rows = {{"cosine", "correct place", "best alternative"}};
    for (std::size_t i = 0; i < truth.size(); ++i) {
        if (truth[i] == 0 && other[i] == 0)
            continue;
        const double width = (CosineHistogram::high - CosineHistogram::low) / static_cast<double>(truth.size());
        char range[64];
        std::snprintf(range, sizeof range, "%.2f to %.2f", CosineHistogram::low + static_cast<double>(i) * width,
                      CosineHistogram::low + static_cast<double>(i + 1) * width);
        rows.push_back({range, std::to_string(truth[i]), std::to_string(other[i])});
    }
    return rows.size() > 1 ? table(rows) : std::string();
}

std::string textOf(const CertifyReport& report)
{
    std::vector<std::vector<std::string>> rows = {{"record", "bucket", "cosine", "largest difference", "verdict"}};
    for (std::size_t i = 0; i < std::min(mostShown, report.certificates.size()); ++i) {
        const auto& one = report.certificates[i];
        const bool fits = one.certificate.fitsGrid();
        rows.push_back({one.id, bucketName(one.bucket), fits ? cosineText(one.certificate.cosine) : "-",
                        fits ? cosineText(one.certificate.largestDifference) : "-", one.certificate.sentence()});
    }
    auto text = "alignment of " + count(static_cast<std::int64_t>(report.certificates.size()), "record") + ": " +
                countsText(report) +
                (report.notAsked > 0 ? "; " + std::to_string(report.notAsked) + " not checked" : "") + "\n" +
                histogramText(report);
    if (rows.size() > 1)
        text += "worst first:\n" + table(rows);
    if (report.certificates.size() > mostShown)
        text += "and " + std::to_string(report.certificates.size() - mostShown) + " more (--json lists all)\n";
    for (std::size_t i = 0; i < std::min(mostShown, report.left.size()); ++i)
        text += "not certified: " + report.left[i].what + ": " +
                noticeText(report.left[i].reason, report.left[i].remedy) + "\n";
    if (report.left.size() > mostShown)
        text += "and " + std::to_string(report.left.size() - mostShown) + " more (--json lists all)\n";
    return text;
}

json jsonOf(const CertifyReport& report)
{
    auto counts = json::object();
    for (const auto& [verdict, count] : report.counts)
        counts[verdictName(verdict)] = count;
    auto certificates = json::array(), left = json::array();
    for (const auto& one : report.certificates)
        certificates.push_back(toJson(one));
    for (const auto& reject : report.left)
        left.push_back({{"what", reject.what}, {"reason", noticeText(reject.reason, reject.remedy)}});
    return {{"sound", report.sound()},
            {"counts", counts},
            {"not_looked_at", report.notAsked},
            {"certificates", certificates},
            {"not_certified", left},
            {"histogram", {{"true", toJson(report.truth)}, {"best_alternative", toJson(report.bestAlternative)}}}};
}

void runCertification(const DeepVerification& wanted, Options& options)
{
    CertifyRequest request{.workspace = Workspace::open(options.workspace),
                           .records = wanted.records,
                           .sample = wanted.count,
                           .anew = wanted.recompute,
                           .device = options.device};
    CertifyReport report;
    request.finished = [&report](const auto& r) { report = r; };
    if (runJob(*makeCertifyJob(std::move(request)), options.output) == JobEnd::Cancelled)
        return;
    printResult(options.output, textOf(report), jsonOf(report));
    if (!report.sound())
        options.exitCode = exitFailed;
}

std::string textOf(const DriftReport& report)
{
    std::vector<std::vector<std::string>> rows = {{"bucket", "records", "patches", "most drifted", "CLS"}};
    for (const auto& [size, bucket] : report.buckets)
        rows.push_back({bucketName(size), std::to_string(bucket.records), cosineText(bucket.mean),
                        cosineText(bucket.lowest), cosineText(bucket.cls)});
    char heading[128];
    std::snprintf(heading, sizeof heading, "cosine similarity of DINO features and those at %g times the resolution\n",
                  report.scale);
    auto text = heading + table(rows);
    if (report.stopped())
        text += "stopped after " + std::to_string(report.lookedAt()) + " of " + std::to_string(report.asked) +
                " records: the numbers are of those alone\n";
    for (const auto& reject : report.left)
        text += "left out: " + reject.what + ": " + noticeText(reject.reason, reject.remedy) + "\n";
    return text;
}

json jsonOf(const DriftReport& report)
{
    auto buckets = json::object();
    auto records = json::array(), left = json::array();
    for (const auto& [size, bucket] : report.buckets)
        buckets[bucketName(size)] = {
            {"records", bucket.records}, {"mean", bucket.mean}, {"lowest", bucket.lowest}, {"cls", bucket.cls}};
    for (const auto& one : report.records)
        records.push_back({{"id", one.id},
                           {"bucket", bucketName(one.bucket)},
                           {"grid", {one.grid.rows, one.grid.cols}},
                           {"other_grid", {one.otherGrid.rows, one.otherGrid.cols}},
                           {"mean", one.mean},
                           {"lowest", one.lowest},
                           {"cls", one.cls}});
    for (const auto& reject : report.left)
        left.push_back({{"what", reject.what}, {"reason", noticeText(reject.reason, reject.remedy)}});
    return {{"scale", report.scale},
            {"asked", report.asked},
            {"buckets", buckets},
            {"records", records},
            {"left_out", left}};
}

void runDrift(const DeepVerification& wanted, Options& options)
{
    DriftReport report;
    const auto job = makeDriftJob({.workspace = Workspace::open(options.workspace),
                                   .scale = *wanted.drift,
                                   .records = wanted.records,
                                   .sample = wanted.count,
                                   .device = options.device,
                                   .finished = [&report](const auto& r) { report = r; }});
    const auto end = runJob(*job, options.output, "what was measured so far is printed");
    if (end == JobEnd::Cancelled && report.lookedAt() == 0)
        return;
    printResult(options.output, textOf(report), jsonOf(report));
    if (!report.left.empty())
        options.exitCode = exitFailed;
}

} // namespace

void DeepVerification::addTo(CLI::App& verify)
{
    auto* const certify = verify.add_flag(
        "--deep", deep,
        "Certify alignment: compute the patches of each record again and compare them with the stored ones and with "
        "what known bugs would have stored");
    auto* const again =
        verify.add_flag("--recompute", recompute, "With --deep: also where an earlier certificate is still valid");
    again->needs(certify);
    verify.add_flag("--anew", recompute)->needs(certify)->excludes(again)->group(""); // its earlier name
    verify
        .add_option("--drift", drift,
                    "Measure how much the features of a picture change with resolution: at this multiple of the "
                    "bucket's (0.5 if no number is given)")
        ->expected(0, 1)
        ->default_str("0.5")
        ->check(number(0.01, 4))
        ->excludes(certify);
    addCount(verify, count, "With --deep or --drift: this many records at most, always the same ones", positive(),
             {"--sample"});
    verify.add_option("--record", records, "With --deep or --drift: these records only (ids)")->delimiter(',');
}

void DeepVerification::run(Options& options) const
{
    if (deep)
        runCertification(*this, options);
    else
        runDrift(*this, options);
}

} // namespace nanodit::cli
