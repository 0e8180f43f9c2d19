#include "core/io/archive_writer.h"
#include "core/io/npy.h"
#include "core/io/tar.h"
#include "core/runtime/error.h"
#include "tests/support/packed_tar.h"
#include "tests/support/sparse_member.h"
#include "tests/support/test_data.h"

#include <QTest>

#include <clocale>
#include <cstdio>
#include <string_view>

using namespace nanodit;
using nanodit::test::errorOf;
using nanodit::test::tarOf;

namespace {

std::span<const std::byte> bytesOf(const std::string& text)
{
    return std::as_bytes(std::span(text.data(), text.size()));
}

std::vector<WebdatasetSample> samplesOf(const std::shared_ptr<const std::string>& tar)
{
    return readWebdataset(bytesOf(*tar), tar, "case.tar");
}

std::vector<WebdatasetSample> samplesOf(const std::string& tar)
{
    return samplesOf(std::make_shared<const std::string>(tar));
}

} // namespace

class TarTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void splitsNamesAsWebdatasetDoes_data()
    {
        QTest::addColumn<QString>("name");
        QTest::addColumn<QString>("key");
        QTest::addColumn<QString>("extension");
        const auto row = [](const char* name, const char* key, const char* extension) {
            QTest::newRow(name) << name << key << extension;
        };
        row("a.npy", "a", "npy");
        row("a.dinov3.NPY", "a", "dinov3.npy");
        row("dir.v1/a.dinov3.npy", "dir.v1/a", "dinov3.npy");
        row("trail..npy", "trail", ".npy");
        row("adir/.hidden.npy", "adir/", "hidden.npy");
        row("x.y/adir/.hidden.npy", "x.y/adir/", "hidden.npy");
        row("x.y/.hidden.npy", "", "");
        row(".hidden.npy", "", "");
        row("nodot", "", "");
        row("dir.v1/nodot", "", "");
        row("__meta__/c.npy", "", "");
        row("__info__", "", "");
        row("__x__.npy", "__x__", "npy");
        row("adir/__y__.npy", "adir/__y__", "npy");
        row("./dot/e.npy", "./dot/e", "npy");
        row("a.", "a", "");
    }
    void splitsNamesAsWebdatasetDoes()
    {
        QFETCH(QString, name);
        QFETCH(QString, key);
        QFETCH(QString, extension);
        const auto parts = webdatasetKey(name.toStdString());
        QCOMPARE(parts.has_value(), !key.isEmpty());
        if (parts) {
            QCOMPARE(parts->first, key.toStdString());
            QCOMPARE(parts->second, extension.toStdString());
        }
    }

    void givesBackWhatWasWritten()
    {
        const std::string longId(150, 'k');
        const auto samples = samplesOf(tarOf({{"a.json", "{}"},
                                              {"a.npy", std::string(5000, 'x')},
                                              {"b.json", ""},
                                              {longId + ".json", "long"},
                                              {"ключ-☃.json", "unicode"},
                                              {"a.txt", "again"}}));
        QCOMPARE(samples.size(), 5u);
        QCOMPARE(samples[0].files.size(), 2u);
        QCOMPARE(samples[0].find("npy")->data.size(), 5000u);
        QVERIFY(samples[0].find("txt") == nullptr);
        QVERIFY(samples[1].files[0].data.empty());
        QCOMPARE(samples[2].key, longId);
        QCOMPARE(samples[3].key, std::string("ключ-☃"));
        QCOMPARE(samples[4].key, std::string("a"));
    }

    void equalInputGivesEqualBytesInAnyLocale()
    {
        const std::vector<std::pair<std::string, std::string>> files = {
            {"a.json", "{}"}, {"ключ.json", "x"}, {std::string(150, 'k') + ".json", "y"}};
        const auto before = std::string(std::setlocale(LC_ALL, nullptr));
        std::setlocale(LC_ALL, "C");
        const auto inC = tarOf(files);
        std::setlocale(LC_ALL, "C.UTF-8");
        const auto inUtf8 = tarOf(files);
        std::setlocale(LC_ALL, before.c_str());
        QVERIFY(inC == inUtf8);
        QCOMPARE(inC.size() % 512, 0u);
        // Magic, version, and no PAX header in front of a plain name.
        QCOMPARE(inC.substr(0, 6), std::string("a.json"));
        QCOMPARE(inC.substr(257, 5), std::string("ustar"));
        QCOMPARE(inC[156], '0');
    }

    void dataStayInTheArchivesMemory()
    {
        const auto tar = std::make_shared<const std::string>(tarOf({{"a.npy", std::string(100000, 'x')}}));
        const auto samples = samplesOf(tar);
        const auto* const data = reinterpret_cast<const char*>(samples[0].files[0].data.data());
        QVERIFY(data > tar->data() && data < tar->data() + tar->size());
        QCOMPARE((data - tar->data()) % 512, 0);
    }

    void anExtensionTwiceInASampleIsAnError()
    {
        QVERIFY(errorOf([] { samplesOf(tarOf({{"a.npy", "1"}, {"a.NPY", "2"}})); }).find("twice") != std::string::npos);
    }

    void truncationIsAnErrorOrEndsBetweenMembers()
    {
        const auto whole = tarOf({{"a.json", "{}"}, {"a.npy", std::string(700, 'x')}});
        const std::string_view contents[] = {"{}"};
        for (std::size_t length = 0; length < 3072; length += 1) {
            std::vector<WebdatasetSample> samples;
            const auto tar = std::make_shared<const std::string>(whole.substr(0, length));
            const auto message = errorOf([&] { samples = samplesOf(tar); });
            if (message.empty()) {
                QVERIFY2(length >= 514, std::to_string(length).c_str());
                QCOMPARE(samples.size(), 1u);
                QCOMPARE(samples[0].files[0].data.size(), contents[0].size());
                if (samples[0].files.size() > 1)
                    QCOMPARE(samples[0].files[1].data.size(), 700u);
            } else {
                QVERIFY2(message.starts_with("case.tar"), message.c_str());
            }
        }
    }

    void damagedHeadersAreAnError()
    {
        const auto whole = tarOf({{"a.json", "{}"}, {"b.json", "{}"}});
        for (const std::size_t header : {0u, 1024u}) {
            auto damaged = whole;
            damaged[header] = 'z';
            const auto message = errorOf([&] { samplesOf(damaged); });
            QVERIFY2(message.starts_with("case.tar"), message.c_str());
        }
        QVERIFY(!errorOf([] { samplesOf(std::string()); }).empty());
        QVERIFY(!errorOf([] { samplesOf(std::string(1024, 'x')); }).empty());
        QVERIFY(samplesOf(std::string(10240, '\0')).empty());
    }

    void whatStandsInThePlaceOfATarIsNamed()
    {
        const auto page = errorOf([] { samplesOf(std::string("<!DOCTYPE html><p>404")); });
        QVERIFY2(page.starts_with("case.tar is a web page, not a tar archive: "), page.c_str());
        const auto nothing = errorOf([] { samplesOf(std::string()); });
        QVERIFY2(nothing.starts_with("case.tar is an empty file, not a tar archive: "), nothing.c_str());
    }

    /// Each header in turn, overwritten or blanked: that member is lost, and nothing else.
    void aDamagedHeaderCostsItsMemberAlone()
    {
        const std::vector<std::pair<std::string, std::string>> files = {{"a.json", "{}"},
                                                                        {"a.npy", std::string(1500, 'x')},
                                                                        {"a.txt", ""},
                                                                        {"b.json", "{\"b\": 1}"},
                                                                        {"b.npy", std::string(512, 'y')},
                                                                        {"c.json", ""},
                                                                        {"c.npy", std::string(700, 'z')}};
        const auto whole = tarOf(files);
        std::vector<std::size_t> headers;
        for (std::size_t at = 0; at < whole.size(); at = findTarHeader(bytesOf(whole), at + 512)) {
            if (findTarHeader(bytesOf(whole), at) == at)
                headers.push_back(at);
        }
        QCOMPARE(headers.size(), files.size());
        for (std::size_t lost = 0; lost < files.size(); ++lost) {
            for (const bool blanked : {false, true}) {
                auto text = whole;
                if (blanked)
                    std::fill_n(text.begin() + static_cast<std::ptrdiff_t>(headers[lost]), 512, '\0');
                else
                    text[headers[lost] + 3] ^= 0x10;
                const auto tar = std::make_shared<const std::string>(text);
                std::vector<TarDamage> damages;
                std::vector<std::pair<std::string, std::string>> found;
                for (const auto& sample : readDamagedWebdataset(bytesOf(*tar), tar, "case.tar", damages)) {
                    for (const auto& file : sample.files)
                        found.emplace_back(
                            sample.key + "." + file.extension,
                            std::string(reinterpret_cast<const char*>(file.data.data()), file.data.size()));
                }
                auto expected = files;
                expected.erase(expected.begin() + static_cast<std::ptrdiff_t>(lost));
                QCOMPARE(found, expected);
                QCOMPARE(damages.size(), 1u);
                QCOMPARE(damages[0].from, headers[lost]);
                QCOMPARE(damages[0].to, lost + 1 < headers.size() ? headers[lost + 1] : whole.size());
                QVERIFY2(damages[0].reason.starts_with("case.tar"), damages[0].reason.c_str());
                QVERIFY2(damages[0].reason.find("INTERNAL") == std::string::npos, damages[0].reason.c_str());
                damages.clear();
                const auto everything = [](const TarMember&) { return true; };
                QCOMPARE(walkDamagedTar(bytesOf(*tar), tar, "case.tar", everything, damages), 0); // no link was met
            }
        }
    }

    void aFileThatIsNamedAsAFolderIsToldAndCostsNothingElse()
    {
        constexpr std::size_t header = 1024, checksumAt = header + 148, digitCount = 6;
        auto text = tarOf({{"a.txt", "one"}, {"h.jpgx", std::string(600, 'h')}, {"b.txt", "two"}});
        text[header + 5] = '/';
        const int sum = std::stoi(text.substr(checksumAt, digitCount), nullptr, 8) - 'x' + '/';
        char digits[16];
        std::snprintf(digits, sizeof digits, "%06o", static_cast<unsigned>(sum));
        text.replace(checksumAt, digitCount, digits);
        const auto tar = std::make_shared<const std::string>(text);
        std::vector<std::string> names;
        std::vector<TarDamage> damages;
        walkDamagedTar(
            bytesOf(*tar), tar, "case.tar",
            [&names](const TarMember& member) {
                names.push_back(member.name);
                return true;
            },
            damages);
        QVERIFY((names == std::vector<std::string>{"a.txt", "b.txt"}));
        QCOMPARE(damages.size(), 1u);
        QCOMPARE(damages[0].from, header);
        QCOMPARE(damages[0].to, header + 512 + 1024);
        const auto expected = std::string("case.tar holds h.jpg/, a file whose name ends in a slash");
        QVERIFY2(damages[0].reason.starts_with(expected), damages[0].reason.c_str());
        QVERIFY(errorOf([&] { samplesOf(tar); }).starts_with(expected));
    }

    void filesWithHolesAreNamedAndCostNothingElse()
    {
        const std::string piece(512, 'x');
        using Pieces = std::vector<std::pair<std::size_t, std::string>>;
        // A hole in the middle, at the beginning, at the end; and none.
        for (const auto& [pieces, length] :
             std::vector<std::pair<Pieces, std::size_t>>{{{{0, piece}, {5120, piece}}, 5632},
                                                         {{{1024, piece}}, 1536},
                                                         {{{0, piece}}, 4096},
                                                         {{{0, piece}}, 512}}) {
            const auto tar = std::make_shared<const std::string>(test::sparseMember("hole.npy", pieces, length) +
                                                                 tarOf({{"b.json", "{}"}}));
            std::vector<TarMember> members;
            std::vector<TarDamage> damages;
            walkDamagedTar(
                bytesOf(*tar), tar, "case.tar",
                [&members](const TarMember& member) {
                    members.push_back(member);
                    return true;
                },
                damages);
            const bool hasHoles = length > 512;
            QCOMPARE(members.size(), 2u);
            QCOMPARE(members[0].name, std::string("hole.npy"));
            QCOMPARE(members[0].sparse, hasHoles);
            QCOMPARE(members[0].data.size(), hasHoles ? 0u : 512u);
            QCOMPARE(members[1].data.size(), 2u);
            QVERIFY(damages.empty());
            const auto message = errorOf([&] { samplesOf(tar); });
            QCOMPARE(message.find("hole.npy is a sparse file") != std::string::npos, hasHoles);
            QCOMPARE(readDamagedWebdataset(bytesOf(*tar), tar, "case.tar", damages).size(), hasHoles ? 1u : 2u);
        }
    }

    void severalDamagesAndACutEndAreAllTold()
    {
        const std::string longId(150, 'k'); // has a PAX record in front
        const auto whole = tarOf({{"a.json", "{}"},
                                  {"a.npy", std::string(1000, 'x')},
                                  {longId + ".json", "{}"},
                                  {longId + ".npy", std::string(1000, 'y')},
                                  {"c.json", "{}"},
                                  {"c.npy", std::string(5000, 'z')}});
        auto text = whole.substr(0, whole.find("zzz") + 2000);
        text[1] ^= 1;
        const auto tar = std::make_shared<const std::string>(text);
        std::vector<TarDamage> damages;
        const auto samples = readDamagedWebdataset(bytesOf(*tar), tar, "case.tar", damages);
        QCOMPARE(damages.size(), 2u);
        QCOMPARE(damages[0].from, 0u);
        QCOMPARE(damages[1].to, text.size());
        QCOMPARE(samples.size(), 3u);
        QCOMPARE(samples[0].files.size(), 1u);
        QCOMPARE(samples[1].key, longId);
        QCOMPARE(samples[1].files.size(), 2u);
        QCOMPARE(samples[2].files.size(), 1u);

        damages.clear();
        const auto sound = std::make_shared<const std::string>(whole);
        QCOMPARE(readDamagedWebdataset(bytesOf(*sound), sound, "case.tar", damages).size(), 3u);
        QVERIFY(damages.empty());
        const auto nothing = std::make_shared<const std::string>(std::string(2048, 'x'));
        QVERIFY(readDamagedWebdataset(bytesOf(*nothing), nothing, "case.tar", damages).empty());
        QCOMPARE(damages.size(), 1u);
    }

    void whatTheSinkThrowsComesOut()
    {
        const auto message = errorOf([] {
            ArchiveWriter writer(ArchiveFormat::Tar, [](auto) { throw StoreError("disk full"); });
            writer.add("a", bytesOf(std::string(100000, 'x')));
            writer.finish();
        });
        QCOMPARE(message, std::string("disk full"));
    }
};

QTEST_APPLESS_MAIN(TarTest)
#include "tst_tar.moc"
