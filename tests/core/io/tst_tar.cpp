#include "core/io/npy.h"
#include "core/io/tar.h"
#include "core/runtime/error.h"
#include "tests/support/test_data.h"

#include <QtTest>

#include <clocale>

using namespace nanodit;
using nanodit::test::errorOf;

namespace {

std::span<const std::byte> bytesOf(const std::string& text)
{
    return std::as_bytes(std::span(text.data(), text.size()));
}

std::string tarOf(const std::vector<std::pair<std::string, std::string>>& files)
{
    std::string tar;
    TarWriter writer([&tar](auto piece) { tar.append(reinterpret_cast<const char*>(piece.data()), piece.size()); });
    for (const auto& [name, content] : files)
        writer.add(name, bytesOf(content));
    writer.finish();
    return tar;
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

    void whatTheSinkThrowsComesOut()
    {
        const auto message = errorOf([] {
            TarWriter writer([](auto) { throw StoreError("disk full"); });
            writer.add("a", bytesOf(std::string(100000, 'x')));
            writer.finish();
        });
        QCOMPARE(message, std::string("disk full"));
    }
};

QTEST_APPLESS_MAIN(TarTest)
#include "tst_tar.moc"
