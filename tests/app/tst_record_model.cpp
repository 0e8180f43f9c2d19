#include "app/pages/dataset/alignment_panel.h"
#include "app/pages/dataset/buckets_panel.h"
#include "app/pages/dataset/captions_panel.h"
#include "app/pages/dataset/duplicates_panel.h"
#include "app/pages/dataset/epoch_panel.h"
#include "app/pages/dataset/picture_pane.h"
#include "app/pages/dataset/record_facts.h"
#include "app/pages/dataset/record_list.h"
#include "app/pages/dataset/record_model.h"
#include "app/pages/dataset/record_selection.h"
#include "app/pages/dataset/record_summary.h"
#include "app/pages/dataset/record_table.h"
#include "app/pages/dataset/record_view.h"
#include "app/pages/dataset/report_view.h"
#include "app/record_names.h"
#include "app/session.h"
#include "tests/app/drawn_records.h"
#include "widgets/fitted_label.h"
#include "widgets/image_canvas.h"
#include "widgets/text.h"
#include "widgets/theme.h"
#include "widgets/thumbnail_grid.h"

#include <QAbstractItemModelTester>
#include <QComboBox>
#include <QElapsedTimer>
#include <QHeaderView>
#include <QImage>
#include <QItemSelectionModel>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QListWidget>
#include <QSignalSpy>
#include <QTest>
#include <QTreeWidget>

#include <algorithm>
#include <memory>
#include <string>

using namespace nanodit;

namespace {

/// Of the first so many records; loss and patch gain rise with a record's place, caption gain falls.
WorthValue worthOf(const std::vector<RecordInfo>& records, std::size_t count)
{
    ConditionWorth worth{.run = "mine", .step = 7, .weights = "ema", .pictures = {}};
    for (std::size_t i = 0; i < count; ++i) {
        const auto place = static_cast<double>(i);
        PictureWorth picture{.id = records[i].id, .loss = 1 + place};
        picture.nullText = picture.loss + 2 - 0.01 * place;
        picture.nullDino = picture.loss + 3;
        picture.clsOnly = picture.loss + 0.01 * place;
        worth.pictures.push_back(picture);
    }
    return RecordWorth::of(worth);
}

constexpr int many = 100000;

} // namespace

/// Records as the grid and the table show them, and that what the window does with a hundred thousand is bounded, or
/// not done on its thread.
class TestRecordModel : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void modelKeepsItsContractWhileRowsComeAndGo()
    {
        RecordModel model;
        QAbstractItemModelTester tester(&model);
        const auto records = test::drawnRecords(40);
        model.show(arrangeRecords(records, RecordQuery(), {}));
        QCOMPARE(model.rowCount(), 40);
        model.setThumbnail("record-0000003", QImage(4, 4, QImage::Format_RGB888));
        model.show(arrangeRecords(records, RecordQuery("state:stale"), {.column = RecordModel::CaptionColumn}));
        QCOMPARE(model.rowCount(), 4);
        model.show(arrangeRecords(test::drawnRecords(3), RecordQuery("nothing has this"), {}));
        QCOMPARE(model.rowCount(), 0);
        QCOMPARE(model.rowOf("record-0000001"), -1);
    }

    void rowsAndIdsFindEachOther()
    {
        RecordModel model;
        model.show(arrangeRecords(test::drawnRecords(60), RecordQuery("split:val"), {.descending = true}));
        QCOMPARE(model.rowCount(), 3);
        for (int row = 0; row < model.rowCount(); ++row)
            QCOMPARE(model.rowOf(QString::fromStdString(model.record(row)->id)), row);
        QCOMPARE(model.record(0)->id, std::string("record-0000043"));
        QCOMPARE(model.rowOf("record-0000000"), -1); // filtered away
        QCOMPARE(model.rowOf("nobody"), -1);
    }

    void sortsByEveryColumnBothWays()
    {
        const auto records = test::drawnRecords(200);
        const auto worth = worthOf(*records, 200);
        for (int column = 0; column < RecordModel::columns; ++column) {
            const RecordOrder up{.column = static_cast<RecordModel::Column>(column)};
            const auto rising = arrangeRecords(records, RecordQuery(), up, worth);
            const auto falling =
                arrangeRecords(records, RecordQuery(), {.column = up.column, .descending = true}, worth);
            QCOMPARE(rising.shown.size(), 200U);
            RecordModel first, last;
            first.show(rising);
            last.show(falling);
            const auto text = [&](const RecordModel& model, int row) {
                return model.index(row, column).data().toString();
            };
            if (column != RecordModel::ArraysColumn) // its text is not its order
                QCOMPARE(text(first, 0), text(last, 199));
            QVERIFY(rising.shown != falling.shown);
        }
        const auto remarks = arrangeRecords(records, RecordQuery(), {.column = RecordModel::RemarkColumn});
        QVERIFY(!(*records)[remarks.shown[0]].excluded.empty()); // what needs a hand comes first
    }

    void recordsThatWereNotMeasuredComeLastBothWays()
    {
        const auto records = test::drawnRecords(20);
        const auto worth = worthOf(*records, 5); // the first five
        RecordModel model;
        for (const bool descending : {false, true}) {
            model.show(arrangeRecords(records, RecordQuery(),
                                      {.column = RecordModel::CaptionGainColumn, .descending = descending}, worth));
            QVERIFY(model.hasWorth());
            QVERIFY(!model.index(4, RecordModel::CaptionGainColumn).data().toString().isEmpty());
            QVERIFY(model.index(5, RecordModel::CaptionGainColumn).data().toString().isEmpty());
            const auto expected = worth->find((*records)[descending ? 0 : 4].id)->captionGain(); // falls with the place
            QCOMPARE(model.index(0, RecordModel::CaptionGainColumn).data().toString(),
                     QString::number(expected, 'f', 4));
        }
        QVERIFY(model.headerData(RecordModel::PatchGainColumn, Qt::Horizontal, Qt::ToolTipRole)
                    .toString()
                    .contains("mine, step 7"));
        model.show(arrangeRecords(records, RecordQuery(), {}));
        QVERIFY(!model.hasWorth());
        QVERIFY(model.index(0, RecordModel::LossColumn).data().toString().isEmpty());
    }

    void whereOnlyFactsChangeTheRowsStay()
    {
        RecordModel model;
        model.show(arrangeRecords(test::drawnRecords(5), RecordQuery(), {}));
        QSignalSpy reset(&model, &QAbstractItemModel::modelReset), changed(&model, &QAbstractItemModel::dataChanged);
        auto edited = *test::drawnRecords(5);
        edited[2].caption = "another";
        model.show(arrangeRecords(std::make_shared<const std::vector<RecordInfo>>(edited), RecordQuery(), {}));
        QCOMPARE(reset.count(), 0);
        QCOMPARE(changed.count(), 1);
        QCOMPARE(model.index(2, RecordModel::CaptionColumn).data().toString(), QStringLiteral("another"));
        edited.erase(edited.begin());
        model.show(arrangeRecords(std::make_shared<const std::vector<RecordInfo>>(edited), RecordQuery(), {}));
        QCOMPARE(reset.count(), 1);
    }

    void aThumbnailIsAskedForOnceWhenItIsDrawn()
    {
        RecordModel model;
        model.show(arrangeRecords(test::drawnRecords(5), RecordQuery(), {}));
        QSignalSpy wanted(&model, &RecordModel::thumbnailWanted);
        const auto picture = [&] { return model.index(1, 0).data(ThumbnailGrid::PictureRole).value<QImage>(); };
        for (int i = 0; i < 3; ++i)
            QVERIFY(picture().isNull());
        QCOMPARE(wanted.count(), 1);
        QCOMPARE(wanted[0][0].toString(), QStringLiteral("record-0000001"));
        model.dropThumbnail("record-0000001"); // scrolled past long ago: asked for again
        QVERIFY(picture().isNull());
        QCOMPARE(wanted.count(), 2);
        model.setThumbnail("record-0000001", QImage(8, 8, QImage::Format_RGB888));
        QCOMPARE(picture().width(), 8);
        QCOMPARE(wanted.count(), 2);
    }

    void aThumbnailOfAPictureThatWasCroppedAnewIsAskedForAgain()
    {
        RecordModel model;
        const auto records = test::drawnRecords(5);
        model.show(arrangeRecords(records, RecordQuery(), {}));
        for (int row = 0; row < 5; ++row)
            model.setThumbnail(QString::fromStdString(model.record(row)->id), QImage(8, 8, QImage::Format_RGB888));
        QSignalSpy wanted(&model, &RecordModel::thumbnailWanted);
        const auto draw = [&model] {
            for (int row = 0; row < 5; ++row)
                QVERIFY(!model.index(row, 0).data(ThumbnailGrid::PictureRole).value<QImage>().isNull());
        };
        auto others = *records;
        others[1].bucket = {.width = 512, .height = 512};
        others[2].caption = "another";
        model.show(arrangeRecords(std::make_shared<const std::vector<RecordInfo>>(others), RecordQuery(), {}));
        draw(); // the one before stays until the new one is made
        draw();
        QCOMPARE(wanted.count(), 1);
        QCOMPARE(wanted[0][0].toString(), QStringLiteral("record-0000001"));
        model.setThumbnail("record-0000001", QImage(4, 4, QImage::Format_RGB888));
        draw();
        QCOMPARE(wanted.count(), 1);
        QCOMPARE(model.index(1, 0).data(ThumbnailGrid::PictureRole).value<QImage>().width(), 4);
    }

    void editsAreWishesUntilTheCatalogHasThem()
    {
        RecordModel model;
        model.show(arrangeRecords(test::drawnRecords(5), RecordQuery(), {}));
        QSignalSpy caption(&model, &RecordModel::captionEdited), tags(&model, &RecordModel::tagsEdited);
        const auto cell = model.index(1, RecordModel::CaptionColumn);
        const auto before = cell.data().toString();
        model.setData(cell, before, Qt::EditRole);
        QCOMPARE(caption.count(), 0); // nothing new
        model.setData(cell, "new words", Qt::EditRole);
        QCOMPARE(caption.count(), 1);
        QCOMPARE(cell.data().toString(), before);
        model.setData(model.index(1, RecordModel::TagsColumn), " night ,, city, night", Qt::EditRole);
        QCOMPARE(tags[0][1].toStringList(), QStringList({"night", "city"}));
        QVERIFY(!model.flags(model.index(1, RecordModel::BucketColumn)).testFlag(Qt::ItemIsEditable));
    }

    void remarksSayWhatIsTheMatter()
    {
        RecordInfo record;
        QVERIFY(remarkOf(record).isEmpty());
        record.changes[0] = {{ArrayInput::Caption, {}, {}}};
        record.changes[1] = {{ArrayInput::Picture, {}, {}}, {ArrayInput::Bucket, "64x64", "96x48"}};
        QCOMPARE(remarkOf(record), QStringLiteral("t5 stale: the caption; vae stale: the picture and the bucket (64x64 "
                                                  "before, 96x48 now)"));
        record.excluded = "blurred";
        QCOMPARE(remarkOf(record), QStringLiteral("excluded: blurred"));
    }

    void listShowsTheNewestQueryAndCountsAll()
    {
        RecordModel model;
        RecordList list(&model);
        QSignalSpy refused(&list, &RecordList::refused), arranged(&list, &RecordList::arranged);
        list.setRecords(test::drawnRecords(1000));
        for (const auto* const query : {"s", "st", "sta", "state:stale", "state:stale night"})
            list.setQuery(query);
        QTRY_VERIFY_WITH_TIMEOUT(list.idle(), 60000);
        QCOMPARE(model.rowCount(), 0); // no caption says "night"
        list.setQuery("state:stale tag:night");
        QTRY_VERIFY_WITH_TIMEOUT(list.idle(), 60000);
        QCOMPARE(model.rowCount(), 20);
        QCOMPARE(list.counts().records, 1000);
        QCOMPARE(list.counts().excluded, 20);
        list.setQuery("state:nonsense");
        QVERIFY(!refused.back()[0].toString().isEmpty());
        QTRY_VERIFY_WITH_TIMEOUT(list.idle(), 60000);
        QCOMPARE(model.rowCount(), 20); // as it was
    }

    void aLargeSelectionSurvivesEditsFiltersAndOtherOrders()
    {
        constexpr int first = 10, last = 60009;
        RecordModel model;
        RecordList list(&model);
        QItemSelectionModel chosen(&model);
        RecordSelection selection(&model, &chosen, nullptr);
        connect(&list, &RecordList::aboutToArrange, &selection, &RecordSelection::keep);
        connect(&list, &RecordList::arranged, &selection, &RecordSelection::restore);
        const auto settle = [&list] { QTRY_VERIFY_WITH_TIMEOUT(list.idle(), 60000); };
        const auto records = test::drawnRecords(many);
        list.setRecords(records);
        settle();
        chosen.setCurrentIndex(model.index(first, 0), QItemSelectionModel::NoUpdate);
        chosen.select(QItemSelection(model.index(first, 0), model.index(last, RecordModel::columns - 1)),
                      QItemSelectionModel::ClearAndSelect);
        QCOMPARE(selection.count(), qsizetype(last - first + 1));
        const auto ids = selection.ids();

        auto edited = std::make_shared<std::vector<RecordInfo>>(*records);
        (*edited)[first].caption = "another"; // the rows are the same
        list.setRecords(edited);
        settle();
        QCOMPARE(selection.count(), ids.size());

        list.setQuery("split:train");
        settle();
        const qsizetype inTrain = std::count_if(edited->begin() + first, edited->begin() + last + 1,
                                                [](const RecordInfo& record) { return record.split == "train"; });
        QCOMPARE(selection.count(), inTrain);
        edited = std::make_shared<std::vector<RecordInfo>>(*edited);
        (*edited)[first + 1].split = "val"; // the filter hides it now
        list.setRecords(edited);
        settle();
        QCOMPARE(selection.count(), inTrain - 1);
        QCOMPARE(selection.current(), ids.front());

        list.setOrder({.column = RecordModel::CaptionColumn});
        settle();
        QCOMPARE(selection.count(), inTrain - 1);
        auto grown = std::make_shared<std::vector<RecordInfo>>(*edited);
        RecordInfo added;
        added.id = "a";
        added.split = "train";
        grown->insert(grown->begin(), added); // every other has another place now
        list.setRecords(grown);
        settle();
        auto now = selection.ids();
        QCOMPARE(now.size(), inTrain - 1);
        std::ranges::sort(now);
        QVERIFY(std::ranges::includes(ids, now));
    }

    void namesPutTheValidationSplitFirst()
    {
        RecordNames names;
        QAbstractItemModelTester tester(&names);
        names.setRecords(test::drawnRecords(60));
        QCOMPARE(names.rowCount(), 60);
        const std::pair<int, const char*> rows[] = {
            {0, "record-0000003"}, {2, "record-0000043"}, {3, "record-0000000"}, {59, "record-0000059"}};
        for (const auto& [row, id] : rows) {
            QCOMPARE(names.index(row).data(Qt::UserRole).toString(), QLatin1String(id));
            QCOMPARE(names.rowOf(QLatin1String(id)), row);
            QVERIFY(names.index(row).data().toString().startsWith(QLatin1String(id) + QStringLiteral(" · a picture")));
        }
        QCOMPARE(names.rowOf("nobody"), -1);
        names.setFirst({{.text = "a painting", .file = "p.png"}});
        QCOMPARE(names.rowCount(), 61);
        QCOMPARE(names.rowOf("record-0000003"), 1);
        QCOMPARE(names.index(0).data().toString(), QString("a painting"));
        QCOMPARE(names.index(0).data(RecordNames::File).toString(), QString("p.png"));
        QVERIFY(names.index(0).data(RecordNames::Id).toString().isEmpty());
        QCOMPARE(names.index(1).data(RecordNames::Id).toString(), QString("record-0000003"));
    }

    void bucketsTellWhatCroppingCosts()
    {
        // 200 x 100 into a square keeps the middle half; a picture of the bucket's own shape loses nothing.
        RecordInfo wide, fitting, excluded;
        wide.id = "wide";
        wide.split = excluded.split = "train";
        wide.original = excluded.original = {.width = 200, .height = 100};
        excluded.excluded = "blurred";
        fitting.split = "val";
        fitting.original = {.width = 256, .height = 256};
        wide.bucket = fitting.bucket = excluded.bucket = {.width = 128, .height = 128};
        const auto facts = bucketFacts({wide, fitting, excluded});
        QCOMPARE(facts.size(), 1UL);
        QCOMPARE(facts[0].records, 2);
        QCOMPARE(facts[0].training, 1);
        QCOMPARE(facts[0].excluded, 1);
        QVERIFY(std::abs(facts[0].lost - 0.25) < 1e-9);
        QVERIFY(std::abs(facts[0].mostLost - 0.5) < 1e-9);
        QCOMPARE(facts[0].loser, std::string("wide"));
        QVERIFY(std::abs(facts[0].enlarged - 0.5) < 1e-9);
        auto unreadable = fitting;
        unreadable.original = {};
        const ImageSize other{.width = 256, .height = 256};
        const auto planned = bucketFacts({wide, unreadable}, {other}); // no bucket that is not planned
        QCOMPARE(planned.size(), 1UL);
        QCOMPARE(planned[0].bucket, other);
        QCOMPARE(planned[0].records, 1);
    }

    void emptyColumnsOfTheTableAreHiddenAndIdsComeFirst()
    {
        const auto some = *test::drawnRecords(3); // one has a tag and a remark
        auto none = some;
        for (auto& record : none) {
            record.tags.clear();
            record.changes = {};
        }
        RecordModel model;
        RecordTable table;
        table.setModel(&model);
        const auto list = [&](const std::vector<RecordInfo>& records) {
            model.show(
                arrangeRecords(std::make_shared<const std::vector<RecordInfo>>(records), RecordQuery(), RecordOrder()));
            table.showFilled(model);
        };
        list(some);
        QVERIFY(!table.isColumnHidden(RecordModel::TagsColumn) && !table.isColumnHidden(RecordModel::RemarkColumn));
        table.setCurrentIndex(model.index(1, RecordModel::TagsColumn));
        list(none);
        QVERIFY(table.isColumnHidden(RecordModel::TagsColumn) && table.isColumnHidden(RecordModel::RemarkColumn));
        QCOMPARE(table.currentIndex(), model.index(1, RecordModel::IdColumn)); // nothing is edited that is not seen
        table.resize(560, 300);
        table.show();
        QVERIFY(QTest::qWaitForWindowExposed(&table));
        QVERIFY(table.horizontalHeader()->length() <= table.viewport()->width());
        const int id = table.columnWidth(RecordModel::IdColumn),
                  original = table.columnWidth(RecordModel::OriginalColumn);
        const int caption = table.columnWidth(RecordModel::CaptionColumn);
        table.resize(760, 300); // ids and originals had what they want; the captions get what is more
        QTRY_VERIFY_WITH_TIMEOUT(table.columnWidth(RecordModel::CaptionColumn) > caption + 60, 60000);
        QCOMPARE(table.columnWidth(RecordModel::IdColumn), id);
        QVERIFY(table.columnWidth(RecordModel::OriginalColumn) <=
                original + 1); // the last one takes what rounding left
        QVERIFY(table.horizontalHeader()->length() <= table.viewport()->width());
        list(some); // they come back
        QVERIFY(!table.isColumnHidden(RecordModel::TagsColumn) && !table.isColumnHidden(RecordModel::RemarkColumn));
    }

    void idsAndTitlesStayReadableWhereTheTableScrolls()
    {
        RecordModel model;
        RecordTable table;
        table.setModel(&model);
        const auto records = test::drawnRecords(20);
        model.show(arrangeRecords(records, RecordQuery(), RecordOrder(), worthOf(*records, 5)));
        table.showFilled(model);
        table.resize(560, 300); // beside the inspector, in a window of 1280 pixels
        table.show();
        QVERIFY(QTest::qWaitForWindowExposed(&table));
        QVERIFY(table.horizontalHeader()->length() > table.viewport()->width());
        constexpr int beforeId = 60, aroundTitle = 12; // the small picture; as the style sheet has it
        auto font = table.font();
        font.setPointSize(10); // as the theme has it
        const QFontMetrics text(font), title(smallFont(font));
        QVERIFY(table.columnWidth(RecordModel::IdColumn) - beforeId >= text.horizontalAdvance("scene-000009"));
        QVERIFY(table.columnWidth(RecordModel::OriginalColumn) > text.horizontalAdvance("209 × 142 px"));
        for (const auto column :
             {RecordModel::LossColumn, RecordModel::CaptionGainColumn, RecordModel::PatchGainColumn})
            QVERIFY(table.columnWidth(column) >=
                    title.horizontalAdvance(model.headerData(column, Qt::Horizontal, Qt::DisplayRole).toString()) +
                        aroundTitle);
    }

    void aSummaryTellsWhatRecordsShare()
    {
        const auto records = test::drawnRecords(100);
        QStringList ids;
        for (int i = 0; i < 100; i += 25) // 0, 25, 50, 75
            ids << QString::fromStdString((*records)[static_cast<std::size_t>(i)].id);
        ids << QStringLiteral("no record");
        const auto chosen = chosenOf(*records, ids);
        const auto& summary = chosen.summary;
        QCOMPARE(summary.count, std::int64_t(4));
        QCOMPARE(QString::fromStdString(summary.first.id), ids.front());
        QCOMPARE(summary.tags, QStringList{"night"});
        QCOMPARE(summary.split, QString("train"));
        QVERIFY(!summary.allExcluded && summary.excluded.isEmpty());
        QCOMPARE(summary.marks[0], MarkState::Stale);
        QCOMPARE(summary.marks[3], MarkState::Whole);
        QVERIFY2(summary.states[0].contains("2 stale (the caption)") && summary.states[0].contains("2 valid"),
                 qPrintable(summary.states[0]));
        QCOMPARE(chosen.withPatches.size(), std::size_t(4));
        QCOMPARE(chosenOf(*records, {}).summary.count, std::int64_t(0));
    }

    /// As it comes from another thread.
    void factsAreShownFromASummary()
    {
        const auto records = test::drawnRecords(many);
        QStringList ids;
        for (const auto& record : *records)
            ids << QString::fromStdString(record.id);
        RecordFacts facts;
        facts.show(chosenOf(*records, ids).summary);
        QVERIFY(!facts.isHidden());
        QCOMPARE(facts.findChild<QLineEdit*>("recordTags")->text(), QString());
        const auto state = facts.findChild<QLabel*>("state-t5")->text();
        QVERIFY2(state.contains(groupedNumber(10000) + " stale"), qPrintable(state));
        facts.show(chosenOf(*records, {ids.front()}).summary);
        auto* const id = facts.findChild<FittedLabel*>("recordId");
        id->resize(40, id->height());
        QVERIFY2(id->shownText().endsWith(QChar(0x2026)), qPrintable(id->shownText()));
        QVERIFY2(id->toolTip().contains(ids.front()), qPrintable(id->toolTip()));
        facts.show(RecordSummary());
        QVERIFY(facts.isHidden());
    }

    void factsOfAPictureThatCannotBeReadAreRead()
    {
        RecordInfo broken;
        broken.id = "broken";
        broken.excluded =
            "broken: it is a plain text, not a picture that can be read: check that this is the right file";
        broken.bucket = {.width = 1024, .height = 1024};
        RecordFacts facts;
        facts.show(chosenOf({broken}, {"broken"}).summary);
        const auto labels = facts.findChildren<QLabel*>();
        QVERIFY(std::ranges::none_of(labels, [](const QLabel* label) { return label->text().contains("0 \u00d7 0"); }));
        const auto* const reason = facts.findChild<QLineEdit*>("exclusionReason");
        QCOMPARE(reason->cursorPosition(), 0); // its beginning is seen
        QVERIFY2(reason->toolTip().contains("check that this is the right file"), qPrintable(reason->toolTip()));
        RecordModel model;
        model.show(
            arrangeRecords(std::make_shared<const std::vector<RecordInfo>>(std::vector{broken}), RecordQuery(), {}));
        QCOMPARE(model.index(0, RecordModel::OriginalColumn).data().toString(), QString());
    }

    void reasonsOfAReportAreNeverBesideTheView()
    {
        ReportView view;
        view.resize(860, 200);
        view.setVisible(true);
        QVERIFY(QTest::qWaitForWindowExposed(&view));
        ImportReport imported;
        imported.added = 3;
        imported.excluded = {{"too small", 2}};
        imported.rejects.push_back({"/a/folder/with/a/name/that/is/much/longer/than/the/view/is/wide/and/then/some/"
                                    "more/of/it/until/it/ends/in/a/picture.png",
                                    "it is empty"});
        view.show(imported);
        const auto* const rejects = view.findChild<QTreeWidget*>("reportRejects");
        QTRY_COMPARE_WITH_TIMEOUT(rejects->header()->length(), rejects->viewport()->width(), 60000);
        QVERIFY(rejects->columnWidth(1) >= static_cast<const QAbstractItemView*>(rejects)->sizeHintForColumn(1));
        QVERIFY(view.findChild<QLabel*>("verdict")->text().contains("2 excluded"));
    }

    void aPictureMakesRoomWhenThatOfTheNextRecordIsLate()
    {
        const auto read = [](RecordView& view) {
            view.bucket = QImage(64, 64, QImage::Format_RGB32);
            view.bucket.fill(Qt::gray);
            view.original = view.bucket;
        };
        const auto viewOf = [](const char* id) {
            auto view = std::make_shared<RecordView>();
            view->record.id = id;
            view->record.original = view->record.bucket = {.width = 64, .height = 64};
            view->grids = gridPair({.width = 64, .height = 64}, 16);
            return view;
        };
        PicturePane pane("loupe");
        const auto isEmpty = [&pane] { return pane.canvas()->layers().empty(); };
        const auto first = viewOf("first"), second = viewOf("second"), third = viewOf("third");
        read(*first);
        pane.show(first, false);
        QVERIFY(!isEmpty());
        pane.show(second, false);
        QVERIFY(!isEmpty()); // no flicker where it comes soon
        QTRY_VERIFY_WITH_TIMEOUT(isEmpty(), 60000);
        read(*second);
        pane.show(second, false);
        QVERIFY(!isEmpty());
        pane.show(third, false);
        read(*third);
        pane.show(third, false);
        QTest::qWait(400);
        QVERIFY(!isEmpty());
    }

    void whatIsLeftOutOfALongListIsCounted()
    {
        constexpr int some = 2500, listed = 2000;
        VerifyReport report;
        LedgerBucket bucket;
        bucket.bucket = {64, 64};
        for (int i = 0; i < some; ++i) {
            report.problems.push_back({.what = "record-" + std::to_string(i), .reason = "an array is missing"});
            bucket.notSeen.push_back("record-" + std::to_string(i));
        }
        ReportView view;
        view.show(report);
        const auto* const rejects = view.findChild<QTreeWidget*>("reportRejects");
        QCOMPARE(rejects->topLevelItemCount(), listed + 1);
        QCOMPARE(rejects->topLevelItem(listed)->text(0), QString("and 500 more"));

        ImportReport imported;
        imported.rejects = report.problems;
        imported.remarks = {"two pictures are gone"};
        view.show(imported);
        QCOMPARE(rejects->topLevelItemCount(), listed + 1);
        QVERIFY(rejects->topLevelItem(0)->text(1).contains("pictures are gone")); // is not among what is cut
        QCOMPARE(rejects->topLevelItem(listed)->text(0), QString("and 501 more"));

        Session session;
        EpochPanel panel(session);
        panel.show(EpochLedger{.request = {}, .buckets = {bucket}, .warnings = {}});
        auto* const buckets = panel.findChild<QTreeWidget*>("epochBuckets");
        Q_EMIT buckets->itemClicked(buckets->topLevelItem(0), 4); // not seen
        const auto* const records = panel.findChild<QListWidget*>("epochRecords");
        QCOMPARE(records->count(), listed + 1);
        QCOMPARE(records->item(listed)->text(), QString("and 500 more"));

        CertifyReport certified;
        certified.left = report.problems;
        certified.certificates.resize(some);
        AlignmentPanel alignment;
        alignment.show(certified);
        const auto* const aligned = alignment.findChild<QTreeWidget*>("alignmentRecords");
        QCOMPARE(aligned->topLevelItem(aligned->topLevelItemCount() - 1)->text(0),
                 QString("and %1 more").arg(groupedNumber(2500)));
        QCOMPARE(aligned->topLevelItemCount(), 2000 + 500 + 1); // what could not be certified, the worst, and the rest

        DuplicatesReport found;
        for (int i = 0; i < some; ++i)
            found.pairs.push_back(
                {.id = "copy-" + std::to_string(i), .of = "record-" + std::to_string(i), .excluded = {}});
        found.compared = many;
        DuplicatesPanel duplicates(session);
        duplicates.show(found);
        const auto* const pairs = duplicates.findChild<QTreeWidget*>("duplicates");
        QCOMPARE(pairs->topLevelItemCount(), listed + 1);
        QCOMPARE(pairs->topLevelItem(listed)->text(0), QString("and 500 more"));
        QVERIFY(duplicates.findChild<QLabel*>("duplicatesSentence")
                    ->text()
                    .startsWith(QStringLiteral("%1 duplicates").arg(groupedNumber(some))));
    }

    void aListToChooseOneFromIsNotMeasuredRowByRow()
    {
        RecordNames names;
        QComboBox box;
        names.listIn(box);
        names.setRecords(test::drawnRecords(many));
        QCOMPARE(box.count(), many);
        const auto* const list = qobject_cast<QListView*>(box.view());
        QVERIFY(list != nullptr && list->uniformItemSizes());
        box.show();
        QVERIFY(QTest::qWaitForWindowExposed(&box));
        QElapsedTimer opening;
        opening.start();
        box.showPopup();
        QVERIFY(list->isVisible());
        qInfo("the list opened after %lld ms", static_cast<long long>(opening.elapsed()));
        box.hidePopup();
    }

    /// Keys that are typed ask how many records there are; which they are is asked once nothing more is typed.
    void captionsAreLookedThroughOnceNothingMoreIsTyped()
    {
        Session session;
        int listed = 0;
        CaptionsPanel panel(session,
                            {.ids =
                                 [&listed](CaptionsPanel::Scope) {
                                     ++listed;
                                     return QStringList{"record-0000001"};
                                 },
                             .count = [](CaptionsPanel::Scope) { return qsizetype(many); }},
                            nullptr);
        panel.setVisible(true); // show() of the panel itself shows a preview
        QVERIFY(QTest::qWaitForWindowExposed(&panel));
        QTRY_VERIFY_WITH_TIMEOUT(panel.idle(), 60000);
        listed = 0;
        auto* const find = panel.findChild<QLineEdit*>("captionFind");
        QTest::keyClicks(find, "a thing");
        QCOMPARE(listed, 0);
        QTRY_VERIFY_WITH_TIMEOUT(panel.idle(), 60000);
        QCOMPARE(listed, 1);
    }
};

QTEST_MAIN(TestRecordModel)
#include "tst_record_model.moc"
