"""Drawn faces and objects for the demo data: pictures whose variety a small model can learn."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

FACE = 250  # pixels of each side, as in LFW
OBJECT = 32  # pixels of each side, as in CIFAR-10
SCALE = 4  # objects are drawn this many times larger and then reduced

SKIN = [(255, 224, 196), (241, 194, 160), (224, 172, 125), (198, 134, 86), (141, 85, 49), (92, 56, 34)]
HAIR = [(20, 16, 14), (62, 40, 26), (112, 70, 36), (176, 132, 76), (214, 190, 130), (150, 150, 150), (140, 52, 28)]

# outlines in a square of 100 x 100, y downwards: e ellipse (box), p polygon (points); 0 main, 1 second, 2 dark tone
SHAPES = {
    "airplane": "e0 5 42 95 58;p1 42 50 60 50 42 95 30 95;p1 42 50 60 50 42 5 30 5;p0 5 50 20 50 8 25 0 25",
    "automobile": "p0 2 50 98 50 98 72 2 72;p1 20 50 32 30 68 30 82 50;e2 12 62 34 84;e2 66 62 88 84",
    "bird": "e0 20 40 70 75;e0 58 22 84 48;p1 30 55 60 55 15 10;p2 82 32 100 38 82 42;p1 25 55 0 75 10 50",
    "cat": "p0 15 40 18 2 45 25;p0 85 40 82 2 55 25;e0 12 18 88 90;e2 28 42 42 56;e2 58 42 72 56;p1 44 62 56 62 50 72",
    "deer": "e0 15 50 75 75;p0 62 58 70 30 88 34 76 62;p2 72 32 55 2 60 2 68 14 72 0 76 0 76 32;"
    "p2 78 32 98 2 93 2 86 14;p1 22 65 28 65 27 100 22 100;p1 60 65 66 65 65 100 60 100",
    "dog": "e0 20 12 80 85;e1 2 15 28 75;e1 72 15 98 75;e1 34 52 66 90;e2 42 52 58 64;e2 32 34 42 44;e2 58 34 68 44",
    "frog": "e0 5 40 95 85;e1 0 65 30 95;e1 70 65 100 95;e0 20 20 42 50;e0 58 20 80 50;e2 26 25 36 38;e2 64 25 74 38",
    "horse": "e0 12 38 72 68;p0 56 50 72 8 98 22 94 34 82 30 72 58;p2 58 42 66 6 74 8 66 44;"
    "p2 16 42 0 80 10 78 22 50;p0 18 58 27 58 27 100 19 100;p0 58 58 67 58 66 100 58 100",
    "ship": "p0 0 66 100 66 84 92 14 92;p2 48 6 52 6 52 68 48 68;p1 54 8 90 58 54 58;p1 46 20 46 58 18 58",
    "truck": "p1 2 15 66 15 66 74 2 74;p0 68 36 86 36 98 55 98 74 68 74;e2 6 66 26 88;e2 36 66 56 88;e2 74 66 94 88",
}


def backdrop(rng: np.random.Generator, size: int, spots: int) -> Image.Image:
    """A soft pattern of spots x spots random colours, size x size."""
    coarse = rng.integers(50, 210, (spots, spots, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((size, size), Image.Resampling.BICUBIC)


def add_grain(image: Image.Image, rng: np.random.Generator, deviation: float) -> Image.Image:
    """`image` with the noise of a sensor."""
    noise = rng.normal(0, deviation, (image.height, image.width, 3))
    return Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8))


def draw_face(person: np.random.Generator, moment: np.random.Generator) -> Image.Image:
    """A cartoon face, 250 x 250: `person` draws the features, `moment` pose, expression, light and backdrop."""
    skin = np.array(SKIN[person.integers(len(SKIN))]) + person.integers(-10, 11)
    hair = tuple(HAIR[person.integers(len(HAIR))])
    clothes = tuple(person.integers(20, 235, 3).tolist())
    iris = tuple(person.integers(30, 150, 3).tolist())
    wide, high = person.uniform(46, 60), person.uniform(62, 76)
    eyes_apart, eye = person.uniform(19, 25), person.uniform(6, 9)
    mouth_wide, nose = person.uniform(14, 24), person.uniform(14, 22)
    long_hair, fringe, beard, glasses = person.random(4) < (0.45, 0.6, 0.2, 0.2)
    turn, nod = moment.uniform(-9, 9), moment.uniform(-5, 5)  # pixels by which features move across the head
    smile, tilt, light = moment.uniform(-3, 12), moment.uniform(-9, 9), moment.uniform(0.75, 1.1)
    shift = tuple(moment.integers(-16, 17, 2).tolist())

    image = backdrop(moment, FACE, 6)
    draw = ImageDraw.Draw(image)
    face, shade = tuple(np.clip(skin, 0, 255).tolist()), tuple((np.clip(skin, 0, 255) * 0.8).astype(int).tolist())

    def ellipse(x: float, y: float, a: float, b: float, fill: tuple[int, ...]) -> None:
        draw.ellipse((x - a, y - b, x + a, y + b), fill=fill)

    # from back to front: hair, shoulders, neck, ears, head, hairline
    x, y = 125.0, 125.0
    ellipse(x, y - 12, wide + 12, high + 10, hair)
    if long_hair:
        draw.rectangle((x - wide - 12, y - 12, x + wide + 12, y + 80), fill=hair)
    ellipse(x, 275, 105, 75, clothes)
    draw.rectangle((x - 20, y + 30, x + 20, 222), fill=shade)
    ellipse(x - wide - turn / 3, y, 8, 14, shade)
    ellipse(x + wide - turn / 3, y, 8, 14, shade)
    ellipse(x, y, wide, high, face)
    box = (x - wide - 2, y - high - 4, x + wide + 2, y + high)
    draw.chord(box, 205, 335, fill=hair) if fringe else draw.chord(box, 225, 315, fill=hair)
    x, y = x + turn, y + nod
    if beard:
        draw.chord((x - wide * 0.8, y - 10, x + wide * 0.8, y + high - 2 - nod), 15, 165, fill=hair)

    # features
    for side in (-1, 1):
        ex, ey = x + side * eyes_apart, y - 10
        ellipse(ex, ey, eye * 1.4, eye, (245, 245, 240))
        ellipse(ex + turn / 4, ey, eye * 0.7, eye * 0.8, iris)
        ellipse(ex + turn / 4, ey, eye * 0.35, eye * 0.4, (10, 10, 10))
        draw.line((ex - 11, ey - 15, ex + 11, ey - 15 - side * smile / 4), fill=hair, width=4)
        if glasses:
            draw.ellipse((ex - 16, ey - 13, ex + 16, ey + 13), outline=(30, 30, 30), width=3)
    draw.polygon((x, y - 8, x + turn / 2 - 7, y + nose, x + turn / 2 + 7, y + nose), fill=shade)
    lips = (x - mouth_wide, y + 30 - smile, x + mouth_wide, y + 38 + smile)
    draw.chord((lips[0], min(lips[1], lips[3] - 4), lips[2], lips[3]), 0, 180, fill=(165, 50, 55))

    image = image.rotate(tilt, Image.Resampling.BICUBIC, translate=shift).filter(ImageFilter.GaussianBlur(0.8))
    return add_grain(image.point(lambda value: min(255, round(value * light))), moment, 3.0)


def draw_object(name: str, rng: np.random.Generator) -> Image.Image:
    """An object of a CIFAR-10 class, 32 x 32, in random colours, place, size, direction and light."""
    large = OBJECT * SCALE
    shape = Image.new("L", (large, large), 0)
    tones = Image.new("RGB", (large, large))
    main = rng.integers(0, 256, 3)
    colours = [main, np.clip(main + rng.integers(-90, 91, 3), 0, 255), main // 4]
    size, left, top = large * rng.uniform(0.62, 0.88), *(large * rng.uniform(0.02, 0.12, 2))
    for kind, *numbers in map(str.split, SHAPES[name].split(";")):
        points = (np.array(numbers, dtype=float).reshape(-1, 2) / 100 * size + (left, top)).ravel().tolist()
        for canvas, fill in ((shape, 255), (tones, tuple(colours[int(kind[1])].tolist()))):
            pencil = ImageDraw.Draw(canvas)
            pencil.ellipse(points, fill=fill) if kind[0] == "e" else pencil.polygon(points, fill=fill)
    image = backdrop(rng, large, 4)
    image.paste(tones, mask=shape)
    image = image.rotate(rng.uniform(-15, 15), Image.Resampling.BICUBIC)
    if rng.random() < 0.5:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return add_grain(image.resize((OBJECT, OBJECT), Image.Resampling.BOX), rng, 8.0)
