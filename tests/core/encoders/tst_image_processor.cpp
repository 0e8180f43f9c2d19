#include "core/encoders/image_processor.h"
#include "core/encoders/resize.h"
#include "core/golden/golden.h"
#include "core/runtime/compute.h"
#include "tests/support/test_data.h"

#include <ATen/ATen.h>
#include <QTest>
#include <nlohmann/json.hpp>

using namespace nanodit;

namespace {

nlohmann::json bitSettings()
{
    return {{"image_processor_type", "BitImageProcessor"},
            {"size", {{"shortest_edge", 20}}},
            {"crop_size", {{"height", 16}, {"width", 16}}}};
}

nlohmann::json dinov3Settings()
{
    return {{"image_processor_type", "DINOv3ViTImageProcessorFast"}, {"size", {{"height", 16}, {"width", 32}}}};
}

at::Tensor noise(std::int64_t channels, std::int64_t height, std::int64_t width)
{
    return at::randint(0, 256, {channels, height, width}, at::kByte);
}

at::Tensor process(const nlohmann::json& settings, const at::Tensor& image)
{
    return ImageProcessor::fromJson(settings, "preprocessor_config.json").process(image);
}

std::string refusal(const nlohmann::json& settings)
{
    return test::errorOf([&] { ImageProcessor::fromJson(settings, "preprocessor_config.json"); });
}

std::vector<std::int64_t> shapeOf(const at::Tensor& tensor)
{
    return tensor.sizes().vec();
}

} // namespace

class TestImageProcessor : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { at::manual_seed(1); }

    void matchesGolden_data()
    {
        QTest::addColumn<QString>("folder");
        QTest::newRow("DINOv3ViTImageProcessor") << "golden/01_dinov3_preprocess";
        QTest::newRow("BitImageProcessor") << "golden/02_dinov2_preprocess";
    }
    void matchesGolden()
    {
        QFETCH(QString, folder);
        const auto lines = encoderGoldenRunners().at("preprocess")(test::dataPath(folder.toStdString()), Compute{});
        QVERIFY(lines.size() >= 2);
        for (const auto& line : lines)
            QVERIFY2(line.passed, (line.name + " " + std::to_string(line.largestError) + " " + line.note).c_str());
    }

    void dinoPixelsEqualTheProcessorOfDinov3()
    {
        const auto pixels = noise(3, 40, 48);
        auto settings = dinov3Settings();
        settings["size"] = {{"height", 32}, {"width", 64}};
        settings["image_mean"] = {0.1, 0.2, 0.3};
        settings["image_std"] = {0.4, 0.5, 0.6};
        const auto processor = ImageProcessor::fromJson(settings, "test");
        const auto ours = dinoPixels(imageFromTensor(pixels), {64, 32}, processor.normalisation());
        QVERIFY(at::equal(ours, processor.process(pixels)));
    }

    void imagesSurviveTheWayThroughTensors()
    {
        const auto pixels = noise(3, 5, 7);
        QVERIFY(at::equal(tensorFromImage(imageFromTensor(pixels)), pixels));
        const auto image = imageFromTensor(pixels);
        QCOMPARE(image.size.width, 7);
        QCOMPARE(int(image.at(6, 4)[2]), pixels[2][4][6].item<int>());
        QCOMPARE(int(imageFromTensor(at::full({3, 1, 1}, 300.0)).rgb[0]), 255);
    }

    void resizingBytesKeepsConstantsAndSize()
    {
        const auto flat = at::full({1, 3, 31, 17}, 201, at::kByte);
        for (const auto filter :
             {ResizeFilter::Bilinear, ResizeFilter::Bicubic, ResizeFilter::Lanczos, ResizeFilter::NearestExact}) {
            const auto resized = resizeImage(flat, {50, 7}, filter);
            QCOMPARE(shapeOf(resized), (std::vector<std::int64_t>{1, 3, 7, 50}));
            QVERIFY((resized == 201).all().item<bool>());
        }
        const auto picture = noise(3, 9, 9).unsqueeze(0);
        QVERIFY(at::equal(resizeImage(picture, {9, 9}, ResizeFilter::Bicubic), picture));
    }

    void resizingBytesIsNearResizingFloats()
    {
        // Smooth pictures leave little for the rounding in between to do.
        const auto ramp = (at::arange(64).view({1, 1, 1, 64}) * 2 + at::arange(48).view({1, 1, 48, 1})).to(at::kByte);
        for (const auto filter : {ResizeFilter::Bilinear, ResizeFilter::Bicubic, ResizeFilter::Lanczos}) {
            const auto bytes = resizeImage(ramp, {23, 31}, filter).to(at::kFloat);
            const auto floats = resizeImage(ramp.to(at::kFloat), {23, 31}, filter).clamp(0, 255);
            QVERIFY((bytes - floats).abs().max().item<double>() <= 1.5);
        }
    }

    void sizesFollowTheEdgesAskedFor_data()
    {
        QTest::addColumn<QString>("size");
        QTest::addColumn<int>("height");
        QTest::addColumn<int>("width");
        QTest::newRow("shortest edge") << R"({"shortest_edge": 20})" << 20 << 30;
        QTest::newRow("number") << "20" << 20 << 30;
        QTest::newRow("shortest within longest") << R"({"shortest_edge": 20, "longest_edge": 24})" << 16 << 24;
        QTest::newRow("longest not reached") << R"({"shortest_edge": 20, "longest_edge": 64})" << 20 << 30;
        QTest::newRow("largest box") << R"({"max_height": 100, "max_width": 33})" << 22 << 33;
        QTest::newRow("exact") << R"({"height": 7, "width": 9})" << 7 << 9;
    }
    void sizesFollowTheEdgesAskedFor()
    {
        QFETCH(QString, size);
        QFETCH(int, height);
        QFETCH(int, width);
        auto settings = bitSettings();
        settings["size"] = nlohmann::json::parse(size.toStdString());
        settings["do_center_crop"] = false;
        QCOMPARE(shapeOf(process(settings, noise(3, 40, 60))), (std::vector<std::int64_t>{1, 3, height, width}));
    }

    void cropLargerThanThePicturePadsWithZeros()
    {
        auto settings = bitSettings();
        settings["do_resize"] = settings["do_normalize"] = settings["do_rescale"] = false;
        settings["crop_size"] = {{"height", 9}, {"width", 4}};
        const auto picture = noise(3, 6, 8).clamp_min(1);
        const auto cropped = process(settings, picture)[0];
        QCOMPARE(shapeOf(cropped), (std::vector<std::int64_t>{3, 9, 4}));
        QVERIFY((cropped.narrow(1, 0, 1) == 0).all().item<bool>());
        QVERIFY((cropped.narrow(1, 7, 2) == 0).all().item<bool>());
        QVERIFY(at::equal(cropped.narrow(1, 1, 6), picture.narrow(2, 2, 4)));
    }

    void paddingAddsZerosAtTheRightAndBelow()
    {
        auto settings = bitSettings();
        settings["do_pad"] = true;
        settings["pad_size"] = {{"height", 20}, {"width", 30}};
        const auto picture = noise(3, 24, 24);
        const auto padded = process(settings, picture);
        QCOMPARE(shapeOf(padded), (std::vector<std::int64_t>{1, 3, 20, 30}));
        QVERIFY(at::equal(padded.narrow(2, 0, 16).narrow(3, 0, 16), process(bitSettings(), picture)));
        QVERIFY((padded.narrow(2, 16, 4) == 0).all().item<bool>());
        settings["pad_size"] = {{"height", 10}, {"width", 30}};
        QVERIFY(test::errorOf([&] { process(settings, picture); }).find("30 x 10") != std::string::npos);
    }

    void stepsCanBeLeftOut()
    {
        const auto picture = noise(3, 16, 32);
        auto settings = dinov3Settings();
        settings["do_normalize"] = false;
        QVERIFY(at::allclose(process(settings, picture)[0], picture.to(at::kFloat) / 255));
        settings["do_rescale"] = false;
        QVERIFY(at::equal(process(settings, picture)[0], picture));
        settings["do_normalize"] = true;
        QVERIFY(test::errorOf([&] { process(settings, picture); }).find("without rescaling") != std::string::npos);
        auto bit = bitSettings();
        bit["do_rescale"] = bit["do_resize"] = bit["do_center_crop"] = false;
        bit["image_mean"] = 100.0;
        bit["image_std"] = 2.0;
        QVERIFY(at::allclose(process(bit, picture)[0], (picture.to(at::kFloat) - 100) / 2));
    }

    void greyAndTransparentPicturesBecomeRgb()
    {
        auto settings = dinov3Settings();
        settings["do_convert_rgb"] = true;
        settings["do_resize"] = settings["do_normalize"] = settings["do_rescale"] = false;
        QCOMPARE(process(settings, noise(1, 16, 32)).size(1), 3);
        QCOMPARE(process(settings, noise(2, 16, 32)).size(1), 3);
        auto glass = noise(4, 16, 32);
        glass[3].fill_(0);
        QVERIFY((process(settings, glass) == 255).all().item<bool>());
        glass[3].fill_(255);
        QVERIFY(at::equal(process(settings, glass)[0], glass.narrow(0, 0, 3)));
        QVERIFY(test::errorOf([&] { process(dinov3Settings(), glass); }).find("4 channels") != std::string::npos);
        QCOMPARE(process(dinov3Settings(), noise(1, 16, 32)).size(1), 3); // by normalising
        auto bit = bitSettings();
        bit["do_convert_rgb"] = false;
        QVERIFY(test::errorOf([&] { process(bit, noise(1, 16, 32)); }).find("1 channel") != std::string::npos);
    }

    void isReadFromWhatNewerLibrariesWriteAsWell()
    {
        const test::TemporaryFolder folder;
        QVERIFY(ImageProcessor::fileIn(folder.path()).empty());
        QVERIFY(test::errorOf([&] { ImageProcessor::load(folder.path()); }).find("preprocessor_config.json") !=
                std::string::npos);
        auto settings = dinov3Settings();
        settings["image_mean"] = {0.1, 0.2, 0.3};
        test::writeText(folder / "processor_config.json",
                        nlohmann::json{{"image_processor", settings}, {"processor_class", "AutoProcessor"}}.dump());
        QCOMPARE(ImageProcessor::load(folder.path()).normalisation().mean[1], 0.2);
        test::writeText(folder / "processor_config.json", "{}");
        QVERIFY(test::errorOf([&] { ImageProcessor::load(folder.path()); }).find("image_processor") !=
                std::string::npos);
        settings["image_mean"] = {0.5, 0.5, 0.5};
        test::writeText(folder / "preprocessor_config.json", settings.dump());
        QCOMPARE(ImageProcessor::load(folder.path()).normalisation().mean[1], 0.5); // which goes before
    }

    void refusesWhatItCannotDo()
    {
        auto old = dinov3Settings();
        old.erase("image_processor_type");
        old["feature_extractor_type"] = "ViTFeatureExtractor";
        QVERIFY(refusal(old).find("ViTFeatureExtractor") != std::string::npos);
        old.erase("feature_extractor_type");
        QVERIFY(refusal(old).find("has no \"image_processor_type\"") != std::string::npos);
        auto settings = dinov3Settings();
        settings["image_processor_type"] = "CLIPImageProcessor";
        QVERIFY(refusal(settings).find("CLIPImageProcessor") != std::string::npos);
        settings = bitSettings();
        settings["resample"] = 4;
        QVERIFY(refusal(settings).find("filter 4") != std::string::npos);
        settings = bitSettings();
        settings["size"] = {{"longest_edge", 20}};
        QVERIFY(refusal(settings).find("shortest_edge") != std::string::npos);
        settings = bitSettings();
        settings["image_mean"] = {0.5, 0.5};
        QVERIFY(refusal(settings).find("image_mean") != std::string::npos);
        settings = bitSettings();
        settings["do_pad"] = true;
        settings["pad_size"] = {{"shortest_edge", 20}};
        QVERIFY(refusal(settings).find("pad_size") != std::string::npos);
        settings = dinov3Settings();
        settings["do_center_crop"] = true;
        QVERIFY(refusal(settings).find("crop_size") != std::string::npos);
        settings = dinov3Settings();
        settings["do_resize"] = "yes";
        QVERIFY(refusal(settings).find("true or false") != std::string::npos);
        settings = dinov3Settings();
        settings["do_rescale"] = false;
        const auto processor = ImageProcessor::fromJson(settings, "p.json");
        QVERIFY(test::errorOf([&] { processor.normalisation(); }).find("p.json") != std::string::npos);
        for (const double factor : {0.0, -1.0}) { // pictures would be black, or negatives
            settings = dinov3Settings();
            settings["rescale_factor"] = factor;
            const auto spoilt = ImageProcessor::fromJson(settings, "p.json");
            const auto message = test::errorOf([&] { spoilt.normalisation(); });
            QVERIFY2(message.find("p.json has a rescale_factor of") != std::string::npos, message.c_str());
        }
    }

    void meanAndDeviationMustFitThePixels()
    {
        const auto refusalOf = [](const char* key, const nlohmann::json& value) {
            auto settings = dinov3Settings();
            settings[key] = value;
            const auto processor = ImageProcessor::fromJson(settings, "p.json");
            return test::errorOf([&] { processor.normalisation(); });
        };
        const auto ofBytes = refusalOf("image_mean", {123.675, 116.28, 103.53});
        QVERIFY2(ofBytes.find("p.json has an image_mean of 123.7") != std::string::npos, ofBytes.c_str());
        QVERIFY(ofBytes.find("pixels from 0 to 1 ") != std::string::npos);
        QVERIFY(refusalOf("image_std", {0.2, 0, 0.2}).find("image_std of 0,") != std::string::npos);
        QVERIFY(!refusalOf("image_std", {-0.2, 0.2, 0.2}).empty());
        QVERIFY(!refusalOf("rescale_factor", 1).empty()); // beside means of pixels from 0 to 1
        QVERIFY(refusalOf("image_mean", {0, 0.5, 1}).empty());
    }
};

QTEST_APPLESS_MAIN(TestImageProcessor)
#include "tst_image_processor.moc"
