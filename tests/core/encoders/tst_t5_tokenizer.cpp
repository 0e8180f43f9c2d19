#include "core/encoders/protobuf_reader.h"
#include "core/encoders/sentence_piece_library.h"
#include "core/encoders/sentence_piece_model.h"
#include "core/encoders/t5_tokenizer.h"
#include "core/io/atomic_file.h"
#include "tests/support/test_data.h"

#include <QTest>
#include <nlohmann/json.hpp>

#include <cmath>
#include <random>

using namespace nanodit;

namespace {

using Ids = std::vector<std::int64_t>;

std::filesystem::path modelFile()
{
    return test::dataPath("golden/03_t5_encoder/spiece.model");
}

/// Words, spaces of many kinds, accents, ligatures, symbols, emoji and broken UTF-8, in random order.
std::string randomText(std::mt19937& random)
{
    static const std::vector<std::string> parts = {
        "a",        "photo", "of",   "The",      "sitting",  "x",      "Q",      "7",        "3.14",    " ", " ",
        " ",        "  ",    "\t",   "\n",       "\u00a0",   "\u3000", "\u200b", "é",        "e\u0301", "ﬁ", "①",
        "Ｆｕｌｌ", "½",     "™",    "▁",        "東京",     "서울",   "😀",      "👩\u200d👧", "\u00ad",  "…", "(",
        "\"",       "<pad>", "\xff", "\xe2\x96", "\xc0\x80", "ing",    "red",    "fox"};
    std::string text;
    for (int i = std::uniform_int_distribution<int>(0, 24)(random); i > 0; --i)
        text += parts[std::uniform_int_distribution<std::size_t>(0, parts.size() - 1)(random)];
    return text;
}

std::string base64(std::string_view bytes)
{
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t bits = 0;
        for (std::size_t k = 0; k < 3; ++k)
            bits = bits << 8 | (i + k < bytes.size() ? std::uint8_t(bytes[i + k]) : 0);
        for (std::size_t k = 0; k < 4; ++k)
            text += i + k <= bytes.size() ? digits[bits >> (18 - 6 * k) & 63] : '=';
    }
    return text;
}

/// What Hugging Face's tokenizers make of the model file.
nlohmann::json tokenizerJson()
{
    const auto bytes = readTextFile(modelFile());
    std::string charsMap;
    ProtobufReader model(bytes);
    while (const auto field = model.next()) {
        if (field->number != 3)
            continue;
        ProtobufReader normalizer(field->bytes);
        while (const auto inner = normalizer.next())
            charsMap = inner->number == 2 ? std::string(inner->bytes) : charsMap;
    }
    const auto pieces = SentencePieceModel::load(modelFile());
    auto vocabulary = nlohmann::json::array(), added = nlohmann::json::array();
    for (std::int64_t id = 0; id < pieces.size(); ++id) {
        const auto& piece = pieces.piece(id);
        vocabulary.push_back({piece.text, piece.score});
        if (piece.type != SentencePieceModel::Type::Normal)
            added.push_back({{"id", id}, {"content", piece.text}, {"special", true}});
    }
    for (std::int64_t i = 0; i < 100; ++i) {
        const auto content = "<extra_id_" + std::to_string(99 - i) + ">";
        vocabulary.push_back({content, 0.0});
        added.push_back({{"id", pieces.size() + i}, {"content", content}, {"special", true}});
    }
    return {{"version", "1.0"},
            {"added_tokens", added},
            {"normalizer",
             {{"type", "Sequence"},
              {"normalizers",
               {{{"type", "Precompiled"}, {"precompiled_charsmap", base64(charsMap)}},
                {{"type", "Strip"}, {"strip_left", false}, {"strip_right", true}},
                {{"type", "Replace"}, {"pattern", {{"Regex", " {2,}"}}}, {"content", "\u2581"}}}}}},
            {"pre_tokenizer",
             {{"type", "Sequence"},
              {"pretokenizers",
               {{{"type", "WhitespaceSplit"}},
                {{"type", "Metaspace"}, {"replacement", "\u2581"}, {"prepend_scheme", "always"}, {"split", true}}}}}},
            {"model",
             {{"type", "Unigram"}, {"unk_id", pieces.unknownId()}, {"vocab", vocabulary}, {"byte_fallback", false}}}};
}

double score(const SentencePieceModel& model, const Ids& ids)
{
    double sum = 0;
    for (const auto id : ids)
        sum += double(model.piece(id).score);
    return sum;
}

void appendVarint(std::string& out, std::uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        out += char(0x80 | (value & 0x7f));
    out += char(value);
}

std::string field(int number, const std::string& bytes)
{
    std::string out;
    appendVarint(out, std::uint64_t(number) << 3 | 2);
    appendVarint(out, bytes.size());
    return out + bytes;
}

/// One piece of a hand-made model without a score.
std::string piece(const std::string& text, int type)
{
    std::string body = field(1, text);
    appendVarint(body, 3 << 3);
    appendVarint(body, std::uint64_t(type));
    return field(1, body);
}

} // namespace

class TestT5Tokenizer : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void textSplitsAsTheLibrarySplitsIt()
    {
#if defined(__SANITIZE_ADDRESS__)
        QSKIP("the library's module cannot be loaded under the address sanitizer");
#elif !defined(NANODIT_HAS_SENTENCEPIECE)
        QSKIP("built without libsentencepiece (Debian package libsentencepiece-dev)");
#endif
        const SentencePieceLibrary library(modelFile());
        const auto model = SentencePieceModel::load(modelFile());
        QCOMPARE(model.size(), library.size());
        QCOMPARE(model.padId(), library.padId());
        QCOMPARE(model.endId(), library.endId());
        QCOMPARE(model.unknownId(), library.unknownId());
        std::mt19937 random(1);
        for (int i = 0; i < 3000; ++i) {
            const auto text = randomText(random);
            const auto ours = model.encode(text), theirs = library.encode(text);
            // The library sums in float32, so that rounding decides between splits that are equally probable.
            const bool tie = ours.size() == theirs.size() && std::abs(score(model, ours) - score(model, theirs)) < 1e-5;
            if (ours != theirs && !tie)
                QFAIL(("split differently: \"" + text + "\"").c_str());
        }
    }

    void endIsAddedAndKeptByTruncation()
    {
        const auto tokenizer = T5Tokenizer(modelFile());
        const auto whole = tokenizer.encode("A photo of a small red fox");
        QCOMPARE(whole.back(), tokenizer.endId());
        const auto cut = tokenizer.encode("A photo of a small red fox", 4);
        QCOMPARE(cut, (Ids{whole[0], whole[1], whole[2], tokenizer.endId()}));
        QCOMPARE(tokenizer.encode("A photo of a small red fox", std::int64_t(whole.size())), whole);
        QCOMPARE(tokenizer.encode("anything", 1), (Ids{tokenizer.endId()}));
    }

    void blankTextsAreTheEndAlone()
    {
        const auto tokenizer = T5Tokenizer(modelFile());
        for (const char* const text : {"", " ", " \t\n ", "\u00a0\u3000"})
            QCOMPARE(tokenizer.encode(text), (Ids{tokenizer.endId()}));
    }

    void lettersThatTheVocabularyLacksAreTold()
    {
        const auto tokenizer = T5Tokenizer(modelFile());
        QVERIFY(tokenizer.knowsMostOf(""));
        QVERIFY(tokenizer.knowsMostOf("A photo of a small red fox \u732b"));
        QVERIFY(!tokenizer.knowsMostOf("\u4e00\u53ea\u732b"));
        QVERIFY(!tokenizer.knowsMostOf("\u4e00\u53ea\u732b, \u732b"));
    }

    void everyWhiteSpaceOfUnicodeSeparatesWords()
    {
        const auto tokenizer = T5Tokenizer(modelFile());
        const Ids twoWords = tokenizer.encode("a a");
        QCOMPARE(twoWords, (Ids{17, 17, 1}));
        for (const char* const text : {"a\ta", "a\u00a0a", "a\u0085a", "a\u1680a", "a\u2003a", "a\u2028a", "a\u3000a"})
            QCOMPARE(tokenizer.encode(text), twoWords);
    }

    void ofEquallyProbableSplitsTheLongestLastPieceWins()
    {
        const auto tokenizer = T5Tokenizer(modelFile());
        QCOMPARE(tokenizer.encode("photo..."), (Ids{67, 13, 57, 1})); // "." and "..", not ".." and "."
        QCOMPARE(tokenizer.encode("photo\"…"), (Ids{67, 2, 13, 57, 1}));
    }

    void specialTokensInTextAreRecognised()
    {
        const auto tokenizer = T5Tokenizer(modelFile(), 100);
        QCOMPARE(tokenizer.size(), 700);
        QCOMPARE(tokenizer.encode("<extra_id_0><extra_id_99></s><pad><unk>"), (Ids{699, 600, 1, 0, 2, 1}));
        QCOMPARE(tokenizer.encode("a</s>a"), (Ids{17, 1, 17, 1}));
        QCOMPARE(tokenizer.encode("<pad> <pad>"), (Ids{0, 0, 1}));
        QCOMPARE(tokenizer.piece(699), std::string("<extra_id_0>"));
        QCOMPARE(tokenizer.piece(17), std::string("▁a"));
        // One beyond the last is text like any other.
        QVERIFY(tokenizer.encode("<extra_id_100>").size() > 3);
        QVERIFY(T5Tokenizer(modelFile(), 0).encode("<extra_id_0>").size() > 3);
    }

    void tokenizersBesideTheEncoderAreFound()
    {
        const test::TemporaryFolder temporary;
        std::filesystem::create_directories(temporary / "text_encoder_2");
        const auto error = test::errorOf([&] { T5Tokenizer::load(temporary / "text_encoder_2"); });
        QVERIFY2(error.find("text_encoder_2 has no spiece.model") != std::string::npos, error.c_str());
        test::writeText(temporary / "text_encoder_2" / "sentencepiece.model", "x");
        QVERIFY(test::errorOf([&] {
                    T5Tokenizer::load(temporary / "text_encoder_2");
                }).find("sentencepiece.model is that, rename it to spiece.model") != std::string::npos);
        std::filesystem::create_directories(temporary / "tokenizer_2");
        std::filesystem::copy_file(modelFile(), temporary / "tokenizer_2" / "spiece.model");
        test::writeText(temporary / "tokenizer_2" / "tokenizer_config.json", R"({"extra_ids": 7})");
        QCOMPARE(T5Tokenizer::load(temporary / "text_encoder_2").size(), 607);
        QCOMPARE(T5Tokenizer::load((temporary / "text_encoder_2").string() + "/").size(), 607);
    }

    void tokenizerJsonOfTheSameModelGivesTheSameIds()
    {
        const test::TemporaryFolder temporary;
        test::writeText(temporary / "tokenizer.json", tokenizerJson().dump());
        const auto ours = T5Tokenizer::load(temporary.path());
        const T5Tokenizer expected(modelFile());
        QCOMPARE(ours.size(), expected.size());
        std::mt19937 random(4);
        for (int i = 0; i < 2000; ++i) {
            const auto text = randomText(random);
            QVERIFY2(ours.encode(text) == expected.encode(text), text.c_str());
        }
        QCOMPARE(ours.encode("a photo <extra_id_3>"), expected.encode("a photo <extra_id_3>"));
    }

    void tokenizerJsonOfAnotherKindIsRefused_data()
    {
        QTest::addColumn<QString>("patch"); // JSON merge patch
        QTest::addColumn<QString>("says");
        QTest::newRow("another model") << R"({"model": {"type": "BPE"}})"
                                       << "BPE";
        QTest::newRow("bytes") << R"({"model": {"byte_fallback": true}})"
                               << "bytes";
        QTest::newRow("no vocabulary") << R"({"model": {"vocab": null}})"
                                       << "vocab";
        QTest::newRow("entries that are none") << R"({"added_tokens": [], "model": {"vocab": [3, "a"]}})"
                                               << "vocab";
        QTest::newRow("no end") << R"({"added_tokens": [{"id": 0, "content": "<pad>"}]})"
                                << "</s>";
        QTest::newRow("token without an id") << R"({"added_tokens": [{"content": "<pad>"}]})"
                                             << "no id";
        QTest::newRow("lower case") << R"({"normalizer": {"type": "Lowercase"}})"
                                    << "Lowercase";
        QTest::newRow("no base64") << R"({"normalizer": {"type": "Precompiled", "precompiled_charsmap": "*"}})"
                                   << "base64";
        QTest::newRow("bytes of words") << R"({"pre_tokenizer": {"type": "ByteLevel"}})"
                                        << "ByteLevel";
        QTest::newRow("no space first")
            << R"({"pre_tokenizer": {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "never"}})"
            << "first word";
    }
    void tokenizerJsonOfAnotherKindIsRefused()
    {
        QFETCH(QString, patch);
        QFETCH(QString, says);
        const test::TemporaryFolder temporary;
        auto json = tokenizerJson();
        json.merge_patch(nlohmann::json::parse(patch.toStdString()));
        test::writeText(temporary / "tokenizer.json", json.dump());
        const auto error = test::errorOf([&] { T5Tokenizer::load(temporary.path()); });
        QVERIFY2(error.find(says.toStdString()) != std::string::npos &&
                     error.find("tokenizer.json") != std::string::npos &&
                     error.find("spiece.model") != std::string::npos,
                 error.c_str());
    }

    void addedTokensOfTheConfigurationAreSpecialToo()
    {
        const test::TemporaryFolder temporary;
        std::filesystem::copy_file(modelFile(), temporary / "spiece.model");
        test::writeText(temporary / "tokenizer_config.json",
                        R"({"added_tokens_decoder": {"650": {"content": "<gap>"}}})");
        QCOMPARE(T5Tokenizer::load(temporary.path()).encode("a<gap>"), (Ids{17, 650, 1}));
        test::writeText(temporary / "tokenizer_config.json",
                        R"({"added_tokens_decoder": {"650": {"content": ""}}})"); // as transformers, which passes it by
        QCOMPARE(T5Tokenizer::load(temporary.path()).encode("a"), (Ids{17, 1}));
        test::writeText(temporary / "tokenizer_config.json",
                        R"({"added_tokens_decoder": {"700": {"content": "<gap>"}}})");
        const auto error = test::errorOf([&] { T5Tokenizer::load(temporary.path()); });
        QVERIFY2(error.find("added_tokens_decoder") != std::string::npos, error.c_str());
    }

    void aFileThatEndsBetweenItsPartsIsTruncated()
    {
        const auto whole = readTextFile(modelFile());
        std::string pieces; // without what stands behind them
        ProtobufReader model(whole);
        while (const auto part = model.next()) {
            if (part->number == 1)
                pieces += field(1, std::string(part->bytes));
        }
        const test::TemporaryFolder temporary;
        test::writeText(temporary / "spiece.model", pieces);
        const auto error = test::errorOf([&] { SentencePieceModel::load(temporary / "spiece.model"); });
        QVERIFY2(error.find("spiece.model") != std::string::npos && error.find("truncated") != std::string::npos,
                 error.c_str());
    }

    void byteFallbackSpellsWhatTheVocabularyLacks()
    {
        std::string bytes = piece("<unk>", 2) + piece("▁", 1) + piece("a", 1);
        for (const char* const text : {"<0xC3>", "<0xA9>"})
            bytes += piece(text, 6);
        std::string trainer;
        appendVarint(trainer, 35 << 3);
        trainer += char(1);
        QCOMPARE(SentencePieceModel::parse(bytes + field(2, trainer), "m").encode("aéa"), (Ids{1, 2, 3, 4, 2}));
        QCOMPARE(SentencePieceModel::parse(bytes, "m").encode("aéa"), (Ids{1, 2, 0, 2}));
    }

    void truncatedModelsAreRefusedWhereverTheyEnd()
    {
        const auto whole = readTextFile(modelFile());
        const auto wanted = SentencePieceModel::parse(whole, "m").encode("A photo");
        for (std::size_t length = 0; length < whole.size(); length += length < 600 ? 1 : 997) {
            // A model cut between two of its parts is whole protobuf; it must still be whole in itself or be refused.
            const auto error = test::errorOf([&] {
                SentencePieceModel::parse(std::string_view(whole).substr(0, length), "cut.model").encode("A photo");
            });
            QVERIFY(error.empty() || error.find("cut.model") == 0);
        }
        QVERIFY(test::errorOf([&] {
                    SentencePieceModel::parse(std::string_view(whole).substr(0, whole.size() - 1), "m");
                }).find("truncated") != std::string::npos);
        QVERIFY(!wanted.empty());
    }

    void damagedModelsNeverCrash()
    {
        const auto whole = readTextFile(modelFile());
        std::mt19937 random(3);
        for (int i = 0; i < 200; ++i) {
            auto damaged = whole;
            for (int j = 0; j < 20; ++j)
                damaged[std::uniform_int_distribution<std::size_t>(0, damaged.size() - 1)(random)] = char(random());
            test::errorOf([&] { SentencePieceModel::parse(damaged, "m").encode("Ünïcödé ﬁne ① text"); });
        }
    }

    void modelsOfOtherKindsAreRefused()
    {
        std::string byMerging;
        appendVarint(byMerging, 3 << 3);
        appendVarint(byMerging, 2);
        const auto refusal = [](const std::string& bytes) {
            return test::errorOf([&] { SentencePieceModel::parse(bytes, "m"); });
        };
        QVERIFY(refusal(piece("<unk>", 2) + field(2, byMerging)).find("unigram") != std::string::npos);
        QVERIFY(refusal("").find("no pieces") != std::string::npos);
        QVERIFY(refusal(piece("a", 1)).find("unknown") != std::string::npos);
        QVERIFY(refusal(piece("<unk>", 2) + piece("a", 1) + piece("a", 1)).find("twice") != std::string::npos);
        QVERIFY(refusal("{\"not\": \"protobuf\"}").find("m is not a SentencePiece model") != std::string::npos);
        QVERIFY(test::errorOf([] {
                    SentencePieceModel::load("/nowhere/spiece.model");
                }).find("/nowhere/spiece.model") != std::string::npos);
    }
};

QTEST_APPLESS_MAIN(TestT5Tokenizer)
#include "tst_t5_tokenizer.moc"
