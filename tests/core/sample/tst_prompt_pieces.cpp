#include "core/encoders/t5_tokenizer.h"
#include "core/sample/prompt_pieces.h"
#include "tests/support/test_data.h"

#include <QtTest/QTest>

using namespace nanodit;
using namespace nanodit::test;

class TestPromptPieces : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void piecesAreThoseOfTheTokenizer()
    {
        const std::string prompt = "a red circle\nabove a blue square";
        const auto read = reader_.read(prompt, 512);
        const auto ids = tokenizer_->encode(prompt);
        QCOMPARE(read.tokens(), static_cast<std::int64_t>(ids.size()));
        QCOMPARE(read.pieces.back(), std::string("</s>"));
        QCOMPARE(read.pieces.front(), tokenizer_->piece(ids.front()));
        QVERIFY(!read.isCut());
        QCOMPARE(read.keptBytes, prompt.size());
        QCOMPARE(reader_.read("", 512).tokens(), std::int64_t{1});
    }

    void aLongPromptIsCutBehindTheLastWordThatFits()
    {
        const std::string prompt = "a red circle\nabove a blue square and nothing else";
        const auto all = reader_.read(prompt, 512).tokens();
        for (std::int64_t most = 1; most <= all; ++most) {
            const auto read = reader_.read(prompt, most);
            QCOMPARE(read.tokens(), all); // the cut ones are told, too
            QCOMPARE(read.isCut(), most < all);
            const auto kept = prompt.substr(0, read.keptBytes);
            QVERIFY(static_cast<std::int64_t>(tokenizer_->encode(kept).size()) <= most);
            if (most == all) {
                QCOMPARE(kept, prompt);
                continue;
            }
            // One word more would be too many.
            const auto next = prompt.find_first_of(" \n", prompt.find_first_not_of(" \n", read.keptBytes));
            QVERIFY(static_cast<std::int64_t>(tokenizer_->encode(prompt.substr(0, next)).size()) > most);
            // As the encoder cuts: the first pieces and the end.
            const auto ids = tokenizer_->encode(prompt, most);
            std::vector<std::string> seen;
            for (std::size_t i = 0; i < read.pieces.size(); ++i) {
                if (read.isRead(i))
                    seen.push_back(read.pieces[i]);
            }
            QCOMPARE(seen.size(), ids.size());
            for (std::size_t i = 0; i < ids.size(); ++i)
                QCOMPARE(seen[i], tokenizer_->piece(ids[i]));
        }
    }

    void aWorkspaceWithoutATextEncoderIsRefusedInWords()
    {
        const TemporaryFolder folder;
        const auto workspace = Workspace::create(folder / "workspace", {});
        QVERIFY(errorOf([&] { PromptReader::load(workspace); }).find("encoders.t5") != std::string::npos);
    }

private:
    std::shared_ptr<const T5Tokenizer> tokenizer_ =
        std::make_shared<const T5Tokenizer>(dataPath("golden/03_t5_encoder/spiece.model"));
    PromptReader reader_{tokenizer_};
};

QTEST_APPLESS_MAIN(TestPromptPieces)
#include "tst_prompt_pieces.moc"
