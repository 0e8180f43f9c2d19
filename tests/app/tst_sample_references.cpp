#include "app/background_queue.h"
#include "app/record_picker.h"
#include "core/front/data.h"
#include "core/front/sampling.h"
#include "tests/app/sample_test.h"
#include "widgets/drop_zone.h"
#include "widgets/mask_canvas.h"
#include "widgets/picture.h"

#include <QCheckBox>
#include <QClipboard>
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QLineEdit>
#include <QPushButton>
#include <QSemaphore>
#include <QToolButton>

#include <algorithm>
#include <cmath>

using namespace nanodit;

namespace {
constexpr int scenes = 20; // a demo has no fewer
}

/// Where the Sample page's reference comes from, what stands beside it, and which part of it counts.
class TestSampleReferences : public test::SampleTest {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        QVERIFY(openWindow());
        openSamplePage(scenes);
    }

    void cleanupTestCase() { closeWindow(); }

    void thePartOfAReferenceThatIsUsedIsOutlined()
    {
        const auto file = path("tall.png");
        QImage tall(100, 400, QImage::Format_RGB888);
        tall.fill(Qt::darkGreen);
        QVERIFY(tall.save(file));
        form()->setReference(PictureReference{file.toStdString()});
        settle();
        auto* const zone = find<DropZone>("referenceZone");
        auto* const sizes = find<QComboBox>("size");
        const auto isCropped = [&] {
            const auto crop = bucketCrop({.width = 100, .height = 400}, form()->request().size);
            return std::abs(zone->part().height() - (crop.bottom - crop.top) / 400) < 1e-9;
        };
        QVERIFY(isCropped());
        QVERIFY2(zone->accessibleDescription().contains("of its height is used"),
                 qPrintable(zone->accessibleDescription()));
        QVERIFY(sizes->count() > 1);
        const auto before = zone->part();
        sizes->setCurrentIndex((sizes->currentIndex() + 1) % sizes->count());
        QVERIFY(zone->part() != before);
        QVERIFY(isCropped());

        const auto size = form()->request().size;
        const auto fitting = tall.scaled(static_cast<int>(size.width), static_cast<int>(size.height));
        QVERIFY(fitting.save(path("fitting.png")));
        form()->setReference(PictureReference{path("fitting.png").toStdString()});
        settle();
        QVERIFY(zone->part().isEmpty());
        QVERIFY2(zone->accessibleDescription().contains("All of it is used"),
                 qPrintable(zone->accessibleDescription()));
        form()->setReference(NoReference{});
    }

    void aReferenceThatIsReadForLongOrIsGoneIsNotShownAsTheOneBefore()
    {
        auto* const zone = find<DropZone>("referenceZone");
        form()->setReference(RecordReference{session_->records()[0].id});
        settle();
        QVERIFY(zone->hasPicture());
        QSemaphore disk;
        session_->background().ask(
            form(), [&disk] { disk.acquire(); }, [] {});
        form()->setReference(RecordReference{session_->records()[1].id});
        QVERIFY(zone->hasPicture()); // no flicker where it comes soon
        const bool told = QTest::qWaitFor([zone] { return !zone->hasPicture(); }, minute);
        const auto words = zone->accessibleName();
        disk.release();
        QVERIFY2(told && words.contains("Reading"), qPrintable(words));
        settle();
        QVERIFY(zone->hasPicture());
        form()->setReference(RecordReference{"never-imported"}); // as a restored picture may have it
        QVERIFY(!zone->hasPicture());
        QVERIFY2(zone->accessibleName().contains("no record \"never-imported\""), qPrintable(zone->accessibleName()));
        form()->setReference(NoReference{});
        QVERIFY2(zone->accessibleName().contains("Drop a picture here"), qPrintable(zone->accessibleName()));
    }

    void clsCanBeOfAnotherPicture()
    {
        auto* const other = find<QCheckBox>("otherCls");
        auto* const records = find<QComboBox>("clsRecords");
        form()->setReference(NoReference{});
        QVERIFY(!other->isEnabled() && !records->isVisible());
        form()->setReference(RecordReference{session_->records()[0].id});
        QVERIFY(other->isEnabled());
        other->setChecked(true);
        QVERIFY(records->isVisible());
        QVERIFY(std::holds_alternative<NoReference>(form()->request().clsFrom)); // until one is chosen
        const auto id = session_->records()[1].id;
        records->lineEdit()->setText(QString::fromStdString(id));
        const auto picture = generate();
        QCOMPARE(std::get<RecordReference>(form()->request().reference).id, session_->records()[0].id);
        const auto kept = sampleRequestFromPng(picture.file.toStdString());
        QVERIFY(kept && std::holds_alternative<RecordReference>(kept->clsFrom));
        QCOMPARE(std::get<RecordReference>(kept->clsFrom).id, id);
        QVERIFY2(picture.caption.endsWith("CLS of " + QString::fromStdString(id)), qPrintable(picture.caption));

        SampleRequest plain;
        plain.size = session_->records()[0].bucket;
        form()->setRequest(plain);
        QVERIFY(!other->isChecked() && !records->isVisible());
        page()->restoreFrom(picture.file);
        settle();
        QVERIFY(records->isVisible());
        QCOMPARE(std::get<RecordReference>(form()->request().clsFrom).id, id);
        form()->setReference(NoReference{}); // no patches for it to stand beside
        QVERIFY(std::holds_alternative<NoReference>(form()->request().clsFrom));
    }

    void twoReferencesAreBlended()
    {
        auto* const blend = find<QCheckBox>("blend");
        auto* const records = find<QComboBox>("blendRecords");
        auto* const share = find<QDoubleSpinBox>("blendShare");
        QVERIFY(!blend->isEnabled() && !records->isVisible());
        form()->setReference(RecordReference{session_->records()[0].id});
        QVERIFY(blend->isEnabled());
        blend->setChecked(true);
        QVERIFY(records->isVisible() && share->isVisible());
        QVERIFY(!form()->request().blend); // until one is chosen
        const auto id = session_->records()[1].id;
        records->lineEdit()->setText(QString::fromStdString(id));
        share->setValue(30);
        const auto picture = generate();
        const auto kept = sampleRequestFromPng(picture.file.toStdString());
        QVERIFY(kept && kept->blend);
        QCOMPARE(std::get<RecordReference>(kept->blend->with).id, id);
        QCOMPARE(kept->blend->weight, 0.3);
        QVERIFY2(picture.caption.endsWith("30 : 70 with " + QString::fromStdString(id)), qPrintable(picture.caption));

        // A weight is kept as it was, not as it is shown.
        auto request = form()->request();
        request.blend = ReferenceBlend{.with = RecordReference{id}, .weight = 0.123456};
        form()->setRequest(request);
        QCOMPARE(share->value(), 12.0);
        QCOMPARE(form()->request().blend->weight, 0.123456);
        share->setValue(13);
        QCOMPARE(form()->request().blend->weight, 0.13);

        SampleRequest plain;
        plain.size = session_->records()[0].bucket;
        form()->setRequest(plain);
        QVERIFY(!blend->isChecked() && !records->isVisible());
        page()->restoreFrom(picture.file);
        settle();
        QVERIFY(records->isVisible());
        QCOMPARE(std::get<RecordReference>(form()->request().blend->with).id, id);
        QCOMPARE(generate().picture, picture.picture);
        form()->setReference(NoReference{}); // nothing for it to be mixed into
        QVERIFY(!form()->request().blend);
    }

    void aPictureGoesThroughTheClipboard()
    {
        const auto picture = generate();
        find<QToolButton>("copyPicture")->click();
        QCOMPARE(QGuiApplication::clipboard()->image().convertToFormat(QImage::Format_RGB888), picture.picture);
        find<QToolButton>("referencePaste")->click();
        settle();
        QVERIFY(std::holds_alternative<PictureReference>(form()->request().reference));
        const auto file = std::get<PictureReference>(form()->request().reference).file;
        QCOMPARE(qImageFromImage(readImage(file)), picture.picture);
        QVERIFY(file.string().starts_with(session_->workspace().root.string()));
        QGuiApplication::clipboard()->setText("no picture");
        find<QToolButton>("referencePaste")->click();
        QCOMPARE(std::get<PictureReference>(form()->request().reference).file, file);
        form()->setReference(NoReference{});
    }

    void whatIsTypedStaysWhileRecordsAreRead()
    {
        form()->setReference(RecordReference{session_->records()[0].id});
        settle();
        auto* const line = find<QComboBox>("referenceRecords")->lineEdit();
        QVERIFY(find<QComboBox>("referenceRecords")
                    ->toolTip()
                    .contains(QString::fromStdString(session_->records()[0].caption).toHtmlEscaped()));
        line->selectAll();
        QTest::keyClicks(line, "zzz"); // nothing that is offered
        session_->refreshRecords();    // as when passes have ended
        settle();
        QCOMPARE(line->text(), QString("zzz"));
        QCOMPARE(std::get<RecordReference>(form()->request().reference).id, session_->records()[0].id);
        form()->setReference(NoReference{});
        QVERIFY(line->text().isEmpty());
        QVERIFY(find<QComboBox>("referenceRecords")->toolTip().isEmpty());
    }

    void aRecordIsPickedByItsPicture()
    {
        find<QToolButton>("referenceChoose")->click();
        auto* const picker = window_->findChild<RecordPicker*>();
        QVERIFY(picker != nullptr);
        QTRY_VERIFY_WITH_TIMEOUT(picker->settled(), 60000);
        const auto id = QString::fromStdString(session_->records()[5].id);
        picker->findChild<QLineEdit*>("recordPickerQuery")->setText(id);
        QTRY_VERIFY_WITH_TIMEOUT(picker->settled(), 60000);
        QTest::mouseClick(picker->findChild<QPushButton*>("recordPickerTake"), Qt::LeftButton);
        QCOMPARE(std::get<RecordReference>(form()->request().reference).id, id.toStdString());
        form()->setReference(NoReference{});
    }

    void aRegionIsPaintedOnTheReference()
    {
        const auto& record = session_->records().front();
        SampleRequest plain; // whatever stood beside a reference before
        plain.size = record.bucket;
        plain.steps = 2;
        form()->setRequest(plain);
        form()->setReference(RecordReference{record.id});
        find<QPushButton>("region")->click();
        auto* const canvas = find<MaskCanvas>("regionCanvas");
        QTRY_VERIFY_WITH_TIMEOUT(!canvas->layers().empty() && canvas->isVisible(), minute);
        settle();
        const auto count = dinoGrid(record.bucket, session_->dinoEncoder()->patchSize).count();
        find<QPushButton>("regionNone")->click();
        QTest::mouseClick(canvas, Qt::LeftButton, {}, canvas->cellRect(9).center().toPoint());
        auto request = form()->request();
        QCOMPARE(request.erasedPatches.size(), static_cast<std::size_t>(count - 1));
        QVERIFY(std::ranges::find(request.erasedPatches, 9) == request.erasedPatches.end());
        QVERIFY(request.dinoWeights.empty());
        find<QCheckBox>("regionScaled")->setChecked(true);
        request = form()->request();
        QCOMPARE(request.dinoWeights.size(), static_cast<std::size_t>(count));
        QCOMPARE(std::ranges::count(request.dinoWeights, 1.0), 1);
        QCOMPARE(request.dinoWeights[9], 1.0);
        const auto picture = generate();
        const auto kept = sampleRequestFromPng(picture.file.toStdString());
        QCOMPARE(kept->erasedPatches, request.erasedPatches);
        QCOMPARE(kept->dinoWeights, request.dinoWeights);
        form()->setReference(NoReference{});
        QVERIFY(form()->request().erasedPatches.empty() && form()->request().dinoWeights.empty());
    }

    void aRegionIsNotPaintedOnAfterAnotherSizeWasChosen()
    {
        form()->setReference(RecordReference{session_->records().front().id});
        find<QPushButton>("region")->click();
        auto* const canvas = find<MaskCanvas>("regionCanvas");
        QVERIFY(!canvas->isEnabled()); // it shows another reference still
        find<QPushButton>("regionNone")->click();
        QVERIFY(form()->request().erasedPatches.empty());
        QTRY_VERIFY_WITH_TIMEOUT(!canvas->layers().empty() && canvas->isVisible(), minute);
        settle();
        find<QPushButton>("regionNone")->click();
        QVERIFY(!form()->request().erasedPatches.empty());
        auto* const size = find<QComboBox>("size");
        const int other = size->currentIndex() == 0 ? 1 : 0;
        QVERIFY(size->count() > other);
        size->setCurrentIndex(other);
        Q_EMIT size->activated(other); // as a person chooses it
        QVERIFY(!canvas->isVisible()); // its patches are those of the size before
        QVERIFY(form()->request().erasedPatches.empty());
        form()->setReference(NoReference{});
    }
};

QTEST_MAIN(TestSampleReferences)
#include "tst_sample_references.moc"
