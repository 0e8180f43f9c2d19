#include "core/dataset/certificate_store.h"
#include "core/inspect/jobs.h"
#include "core/inspect/kept_certificates.h"
#include "core/inspect/wrong_crops.h"
#include "core/io/atomic_file.h"
#include "core/runtime/error.h"
#include "tests/core/inspect/patch_workspace.h"
#include "tests/support/contains.h"
#include "tests/support/png_chunk.h"

#include <ATen/ATen.h>
#include <QTest>

#include <set>
#include <utility>

using namespace nanodit;
using test::contains;
using test::PatchWorkspace;

namespace {

CertifyReport certify(PatchWorkspace& w, CertifyRequest request = {}, const JobContext& context = {})
{
    CertifyReport report;
    request.workspace = w.workspace;
    request.finished = [&report](const auto& r) { report = r; };
    makeCertifyJobWith(std::move(request), w.encoders())->run(context);
    return report;
}

const RecordCertificate& of(const CertifyReport& report, const std::string& id)
{
    for (const auto& one : report.certificates) {
        if (one.id == id)
            return one;
    }
    throw DataError("no certificate of " + id);
}

} // namespace

class TestCertify : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void alignedDataAreTrueEverywhere()
    {
        PatchWorkspace w;
        const auto report = certify(w);
        QVERIFY(report.sound());
        QCOMPARE(report.certificates.size(), 4U);
        QCOMPARE(report.counts.at(AlignmentVerdict::True), 4);
        for (const auto& [id, bucket, certificate, kept] : report.certificates) {
            QVERIFY2(certificate.cosine > 0.9999, certificate.sentence().c_str());
            QVERIFY(certificate.largestDifference < 0.01); // half precision
            QVERIFY(certificate.alternatives.front().cosine < 0.95);
            QVERIFY(!kept);
        }
        QCOMPARE(report.truth.bins.back(), 4);
    }

    void mistakesOnDiskAreNamedAndComeFirst_data()
    {
        QTest::addColumn<QString>("mistake");
        for (const char* name :
             {"one column right", "one row up", "transposed", "mirrored left to right", "upside down",
              "offset by the 4 registers", "centre-cropped (the middle 7/8", "squashed", "cropped without resizing"})
            QTest::newRow(name) << QString(name);
    }

    void mistakesOnDiskAreNamedAndComeFirst()
    {
        QFETCH(QString, mistake);
        PatchWorkspace w;
        const auto truth = w.patches(1);
        const auto name = mistake.toStdString();
        auto wrong = truth;
        if (name == "one column right")
            wrong = truth.roll({1}, {1});
        else if (name == "one row up")
            wrong = truth.roll({-1}, {0});
        else if (name == "transposed")
            wrong = truth.transpose(0, 1);
        else if (name == "mirrored left to right")
            wrong = truth.flip({1});
        else if (name == "upside down")
            wrong = truth.flip({0});
        else if (name == "offset by the 4 registers")
            wrong = at::cat({at::randn({4, truth.size(2)}), truth.reshape({-1, truth.size(2)}).slice(0, 0, -4)});
        else {
            const auto original = readImage(w.picture(1));
            for (const auto& crop : wrongCropsOfBucketSize(original.size, w.bucket(1), {12, 8})) {
                if (contains(crop.name, name))
                    wrong = w.encode(resampleBox(original, crop.box, crop.size));
            }
        }
        QVERIFY(!wrong.is_same(truth));
        w.store(1, wrong);
        const auto report = certify(w);
        QVERIFY(!report.sound());
        const auto& first = report.certificates.front();
        QCOMPARE(first.id, w.id(1));
        QVERIFY(first.certificate.verdict == AlignmentVerdict::Misaligned);
        QVERIFY2(contains(first.certificate.alternatives.front().name, name), first.certificate.sentence().c_str());
        QCOMPARE(report.counts.at(AlignmentVerdict::True), 3);
    }

    void whatIsCertifiedIsToldLaterWithoutEncoding()
    {
        PatchWorkspace w;
        QVERIFY(certifiedSoFar(w.workspace).certificates.empty());
        certify(w, {.workspace = {}, .records = {w.id(0), w.id(1)}});
        const auto encoded = w.encoded;
        const auto kept = certifiedSoFar(w.workspace);
        QCOMPARE(kept.certificates.size(), 2U);
        QCOMPARE(kept.notAsked, 2);
        QCOMPARE(kept.counts.at(AlignmentVerdict::True), 2);
        QCOMPARE(kept.truth.bins.back(), 2);
        QVERIFY(of(kept, w.id(1)).kept && of(kept, w.id(1)).bucket == w.bucket(1));
        w.store(1, w.patches(1).roll({1}, {1})); // another array now: nothing is known of it
        QCOMPARE(certifiedSoFar(w.workspace).certificates.size(), 1U);
        QCOMPARE(certifiedSoFar(w.workspace).notAsked, 3);
        QCOMPARE(w.encoded, encoded);
    }

    /// A picture that its file holds lying on its side, encoded as it lies there.
    void patchesOfAPictureReadWithoutItsRotationAreNamed()
    {
        PatchWorkspace w;
        const auto unturned = readImage(w.picture(1)); // 220x380
        using namespace std::string_literals;
        // eXIf: little-endian, one entry, orientation 6 (PNG specification, third edition, 11.3.4.5)
        const auto exif = "II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"s;
        auto png = readTextFile(w.picture(1));
        const std::size_t behindHeader = 8 + 4 + 4 + 13 + 4; // signature; length, type, content and checksum of IHDR
        png.insert(behindHeader, test::pngChunk("eXIf", exif));
        test::writeText(w.picture(1), png);
        w.preprocess();
        QVERIFY(readImage(w.picture(1)).size == (ImageSize{380, 220}));
        QVERIFY(certify(w).sound());

        for (const auto& [bucket, name] :
             {std::pair{ImageSize{192, 128}, "without its EXIF rotation"},
              std::pair{ImageSize{128, 192}, "without its EXIF rotation, in the bucket 128x192"}}) {
            w.store(1, w.encode(makeBucketImage(unturned, bucket)));
            const auto report = certify(w);
            const auto& first = report.certificates.front();
            QCOMPARE(first.id, w.id(1));
            QVERIFY(first.certificate.verdict == AlignmentVerdict::Misaligned);
            QVERIFY2(first.certificate.alternatives.front().name.ends_with(name), first.certificate.sentence().c_str());
        }
    }

    void theOldCropIsNamedThoughItFitsNoGrid()
    {
        PatchWorkspace w;
        const auto original = readImage(w.picture(2));
        const auto old = oldCentreCropOf(original.size);
        w.store(2, w.encode(resampleBox(original, old.box, old.size)));
        const auto report = certify(w);
        const auto& certificate = report.certificates.front().certificate;
        QVERIFY(report.certificates.front().id == w.id(2) && certificate.patches == 196);
        QVERIFY(certificate.verdict == AlignmentVerdict::Misaligned);
        QVERIFY2(contains(certificate.sentence(), "224 pixels"), certificate.sentence().c_str());
        QVERIFY2(contains(certificate.sentence(), "196 patches do not fit"), certificate.sentence().c_str());
    }

    void certificatesAreKeptAndGoStaleWithWhatTheyHoldFor()
    {
        PatchWorkspace w;
        certify(w);
        const auto before = w.encoded;
        auto report = certify(w);
        QCOMPARE(w.encoded, before);
        QVERIFY(report.sound());
        QCOMPARE(report.certificates.size(), 4U);
        QVERIFY(of(report, w.id(0)).kept);

        w.store(0, w.patches(0).roll({1}, {1})); // the file
        w.draw(1, 100);                          // the picture, whose patches are stale then
        report = certify(w);
        QVERIFY(of(report, w.id(0)).certificate.verdict == AlignmentVerdict::Misaligned);
        QVERIFY(!of(report, w.id(0)).kept && of(report, w.id(2)).kept);
        QCOMPARE(report.left.size(), 1U);
        QCOMPARE(report.left[0].what, w.id(1));
        QVERIFY2(contains(report.left[0].reason, "stale"), report.left[0].reason.c_str());

        w.preprocess();
        report = certify(w, {.workspace = {}, .anew = true});
        QVERIFY(report.left.empty() && !of(report, w.id(2)).kept);
        w.fingerprint = "projection-two"; // another encoder makes them all stale
        QCOMPARE(certify(w).left.size(), 4U);
    }

    /// A copy of the workspace has other times, and the same certificates.
    void aTouchedFileKeepsItsCertificate()
    {
        PatchWorkspace w;
        certify(w);
        const auto before = w.encoded;
        std::filesystem::last_write_time(w.patchFile(0), std::filesystem::file_time_type::clock::now());
        QVERIFY(of(certify(w), w.id(0)).kept);
        QCOMPARE(w.encoded, before);
    }

    void aSampleIsAlwaysTheSame()
    {
        PatchWorkspace w(9);
        const auto report = certify(w, {.workspace = {}, .sample = 3});
        QCOMPARE(report.certificates.size(), 3U);
        QCOMPARE(report.notAsked, 6);
        std::set<std::string> first, second;
        for (const auto& one : report.certificates)
            first.insert(one.id);
        for (const auto& one : certify(w, {.workspace = {}, .sample = 3}).certificates) {
            second.insert(one.id);
            QVERIFY(one.kept);
        }
        QCOMPARE(first, second);
        const auto one = certify(w, {.workspace = {}, .records = {w.id(7)}});
        QCOMPARE(one.certificates.size(), 1U);
        QCOMPARE(one.certificates[0].id, w.id(7));
    }

    void whatCannotBeComparedIsLeftWithItsReason()
    {
        PatchWorkspace w;
        std::filesystem::remove(w.patchFile(0));
        test::writeText(w.patchFile(1), "broken");
        w.store(2, w.patches(2) * std::numeric_limits<float>::infinity());
        std::filesystem::remove(w.picture(3));
        const auto report = certify(w);
        QCOMPARE(report.left.size(), 4U);
        QVERIFY(!report.sound());
        for (const auto& reject : report.left)
            QVERIFY2(contains(reject.reason, reject.what), reject.reason.c_str());
    }

    void stoppedInTheMiddleItKeepsWhatItHas()
    {
        PatchWorkspace w(6);
        JobContext context;
        int seen = 0;
        CertifyRequest request;
        request.onCertificate = [&](const auto&) {
            if (++seen == 3)
                context.control->requestStop();
        };
        certify(w, request, context);
        QCOMPARE(CertificateStore(w.workspace).all().size(), 3U);
        const auto before = w.encoded;
        QVERIFY(certify(w).sound());
        QVERIFY(w.encoded - before <= 3 * 4);
    }
};

QTEST_APPLESS_MAIN(TestCertify)
#include "tst_certify.moc"
