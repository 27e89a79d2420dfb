"""What the words on the screen mean, one sentence each: the one place where the panels look them up."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from PySide6.QtWidgets import QLabel, QWidget

from latent_explorer.views.text import plain_label, tip

GLOSSARY: Mapping[str, str] = MappingProxyType(
    {
        # The model
        "model": (
            "The model whose plane is shown: its decoder turns each place of the plane into an image; most models also have an encoder,"
            " which gives each image its place."
        ),
        "data": "The images that Train learns from.",
        "points": "Images of the test part; the model was not trained on them, and each is a point on the plane.",
        "image": "Height × width of one image, in pixels.",
        "network": (
            "Kind of the networks, and the widths of their layers from the image inward: the encoder's, or those of the decoder where"
            " there is no encoder."
        ),
        "likelihood": "How the decoder's picture gives a real image its probability, p(x|z).",
        "trained_for": "Epochs behind the weights that are shown.",
        "rows": "Rows of the table; each that has a finite place is a point on the plane.",
        "coordinates": "The columns of the table that are the coordinates of its points.",
        "columns": "Columns of numbers besides the coordinates; the points can be coloured by them.",
        "classes": "Different labels in the table; they are in the legend.",
        "elbo": (
            "Evidence lower bound: a lower bound of log p(x), nats per image; bigger is better. On validation images, one z each."
            " With a Gaussian likelihood p(x) is a density: it may be positive, and is not comparable with a Bernoulli model's."
        ),
        "ll": "Mean of log p(x), the exact log-likelihood by a sum over nodes of the plane, nats per image; bigger is better.",
        "loss": "What training made small, on validation images, nats per image; no bound of a likelihood.",
        "lacks": "What this family of models has not, and what that means for what is shown.",
        "levels": (
            "Mean KL of the two levels, nats per image: of the plane, and of what lies below it, at the mean of q(z|x). The encoder saw the"
            " test images as they are; evaluate draws z, and binary pixels for Bernoulli."
        ),
        "prior": "Where codes are expected before an image is seen: the standard normal N(0, I) around the plane's origin.",
        "posterior": "Where the code of one image may lie, q(z|x); each point on the plane is its mean.",
        "latent": "The space of the codes: every place in it is a code, which the decoder turns into an image.",
        "z": "The code of the image: the coordinates of the probe in latent space.",
        # The place
        "condition": "The class that encoder and decoder are told: there is a plane for each. Keys: the digits, comma and full stop.",
        "others": "Points of classes other than the one whose plane is shown.",
        "trust": (
            "Counts and distances between this place and the codes of real images; no promise. In more than two dimensions distances"
            " are Euclidean in all of them, and codes are counted within the median distance of a code from the nearest other one."
        ),
        "prior_density": (
            "The logarithm of the prior's density at this place, in nats, of a density per unit² (on the globe per steradian)."
            " log N(z; 0, I) on the plane; the same everywhere on the globe, −log 4π, and on the torus, 0."
        ),
        "globe_place": "Latitude and longitude, in the degrees of the globe's lines. The poles are z[2] = 1 (90° N) and z[2] = −1.",
        "decode": "Milliseconds that the decoder took for this image.",
        "weights": "Which weights decoded it: those of a finished model, or the newest of the one in training.",
        "nearest": "The images whose codes lie nearest to the probe, nearest first; a click on one selects its point.",
        # The slice
        "slice": (
            "The plane shows two coordinates of z; points that lie elsewhere in the others are drawn where they fall on it."
            " A coordinate is active when its posterior mean varies over images (variance above 0.01)."
        ),
        "slice_x": "The latent coordinate that runs to the right; names of inactive units are quiet.",
        "slice_y": "The latent coordinate that runs up; names of inactive units are quiet.",
        "slice_swap": "The two axes change places.",
        "slice_most": "The two axes along which the codes vary most.",
        "slice_principal": "The plane through the mean of the codes along the two directions in which they vary most.",
        "slice_points": (
            "The plane through three selected points, or else through the last three pins, or else through the next three points that"
            " you click."
        ),
        "slice_others": "A slider for each, in the order of the variance over images; while a model trains they keep their places.",
        "slice_mean": "All other coordinates back at the mean of the codes; Delete or a double-click does it for one slider.",
        "slice_more": "Sliders of the units that vary less.",
        # The layers
        "opacity": (
            "Opacity of one point; where points overlap, their colours mix. While an exact posterior is shown, all are drawn at a third"
            " of it."
        ),
        "point_size": "Diameter of a point, in pixels of the screen.",
        "point_colour": "What a point's colour says: its class, how many points lie there, or a value that is known for each.",
        "mosaic": "Opacity of the mosaic: the decoder's images of places all over the plane, behind the points.",
        "mosaic_cells": "About how many images of the mosaic lie along the plane's longer side.",
        "uniform": (
            "The plane in the coordinates Φ(z), the standard normal distribution function of each: equal areas have equal prior"
            " probability, and the numbers at the axes still are those of z."
        ),
        "grey_map": "How grey images are coloured on the right.",
        "smooth": "On: enlarged images are smoothed. Off: every pixel of an image is a square.",
        # The field under the points
        "field": "One number for every place of the plane, as a colour under the points; the bar in the plane's corner says what it means.",
        "field_density": "Where codes lie close together: each code spread out as a Gaussian; the whole integrates to one.",
        "field_class_density": "The same of the codes of one class, whether or not they are drawn.",
        "field_prior": "Where codes are expected before an image is seen: the density of N(0, I), which training pulls all codes towards.",
        "field_holes": (
            "All posteriors together by the prior: blue is where the prior expects codes and few lie, the line goes around the holes,"
            " below a tenth; the decoder has seen little there."
        ),
        "field_sensitivity": (
            "How fast the decoded picture changes: ½ log det J′J, with J the derivative of the pixels by z; high where a small step"
            " changes much. With ReLU it jumps where units switch."
        ),
        "field_information": (
            "The same, each pixel's change weighed by how sure it is: the Fisher–Rao metric of the Bernoulli likelihood;"
            " high where a step is easy to tell by the pictures."
        ),
        "field_regions": "The class of most of the 15 codes nearest on the plane; the fainter the colour, the less they agree.",
        "field_class": "The class whose density is shown.",
        "field_opacity": "Opacity of the field under the points.",
        "contours": "Lines where the field has the numbers under its colour bar; around holes, where it is a tenth.",
        "thumbnails": (
            "Where 400 or fewer points are in view and their data set is open, images stand in the place of dots, as many as have room"
            " beside each other; zoom in for more."
        ),
        # The exact posterior
        "field_posterior": (
            "Where the code of one image may lie, p(z|x) ∝ p(x|z) p(z), worked out by Bayes' rule on a grid of the whole plane,"
            " without the encoder; the lines hold 68% and 95% of it."
        ),
        "posterior_image": (
            "The image whose exact posterior is shown; hidden pixels are small squares. Drop or paste (Ctrl+V) a picture of your own."
        ),
        "expected_image": (
            "The mean of the decoder's pictures over the exact posterior; where pixels are hidden, it completes the image from the others."
        ),
        "occlusion": "The pixels that count; the posterior is that given these alone, and the picture beside the image completes it.",
        "invert": (
            "Light and dark of your own picture are exchanged. It is done by itself where its border is lighter than its middle,"
            " since most grey models have learned light on dark."
        ),
        "posterior_zoom": (
            "Move the plane to the posterior, which mostly is much narrower than the cloud of points. Where it is in several parts, all"
            " are shown first, then one after the other."
        ),
        "exact_ll": (
            "The logarithm of the sum over the grid of p(x|z) p(z), nats; bigger is better. Where pixels are hidden, of the others alone."
        ),
        "exact_density": (
            "The logarithm of the sum over the grid of p(x|z) p(z), nats; p(x|z) is a density of grey levels, so it may be positive,"
            " and is not comparable with other likelihoods."
        ),
        "grey_score": (
            "A Bernoulli decoder asked for the grey image as it is, summed over the grid, nats: a lower bound of the mean log p of its"
            " black and white draws, of which one may lie on either side. No log p(x), and not comparable with published figures."
        ),
        "one_draw": (
            "Of one fixed black and white draw of each image, nats: what figures of a Bernoulli decoder are quoted on. Of grey pixels it"
            " has a score only, which is called so."
        ),
        "exact_elbo": "What the encoder's q(z|x) reaches for this image, nats, its expectation integrated by Gauss and Hermite's rule.",
        "exact_gap": (
            "log p(x) − ELBO = KL(q(z|x) ‖ p(z|x)), nats: how far the encoder's cloud is from the exact posterior; 0 where both agree."
        ),
        "grey_elbo": (
            "The encoder's bound of the grey score, nats, its expectation integrated by Gauss and Hermite's rule. A score of grey pixels"
            " is no log p(x), so this is no ELBO."
        ),
        "grey_gap": (
            "Grey score − Grey ELBO = KL(q(z|x) ‖ p(z|x)), nats: how far the encoder's cloud is from the exact posterior; 0 where both"
            " agree."
        ),
        "exact_mode": (
            "Where the exact posterior is highest, the cross on the plane; found between the nodes of the grid. Smaller crosses are the"
            " peaks of its other parts, if there are any."
        ),
        "exact_width": (
            "Standard deviations of the exact posterior along its longest and its shortest axis, in units of z: of its main part, where"
            " a little lies far away. Of one in several parts they are of all together, and say little."
        ),
        "codes": (
            "Where the point of an image lies: at the encoder's mean; or where the image's exact posterior is highest (mode), or at its"
            " mean, both without an encoder. Exact ones are computed when chosen first, and saved with the model."
        ),
        # The selection
        "selected": "Points that were pointed at; they keep their rings until Esc clears the selection.",
        "selection_show_only": "Draw the selected points alone.",
        "selection_hide": "Do not draw the selected points.",
        "selection_show_all": "Draw all points again, those of hidden classes too.",
        "selection_jump": "Move the plane so that all selected points are in view.",
        "selection_export": "Write a table of the selected points, CSV or npz, with all that is known of each.",
        "selection_clear": "Select nothing (Esc on the plane). It can be taken back with Ctrl+Z.",
        "error": "Mean squared difference between an image and the decoder's picture of its code, pixels in 0..1; smaller is better.",
        # The run
        "family": "What kind of model; each entry of the list says in a sentence what it is.",
        "doctor": "What settings, losses and codes of validation images say about the model, and what to do: ● a problem, ○ advice.",
        "recipe": "A system that the literature knows, or a model that ships with the program: choosing one fills the form.",
        "decoder_hidden": "Widths of the decoder's hidden layers from the code outward; empty: the encoder's, mirrored.",
        "training_more": "Settings that are rarely changed; those that are not as usual are there anyhow.",
        "lower_dim": "Latent dimensions of the lower level, which adds what the plane leaves open.",
        "objective": "What training makes large; IWAE is a bound that lies nearer to log p(x) the more draws K it takes.",
        "samples": "K, draws of z for each image in the IWAE bound.",
        "nodes": "Places a side at which the whole plane is summed over, such as 40,64,91: one after the other, in equal parts of the run.",
        "start": "Where quadrature begins: at random weights, at the plane of PCA, or at the decoder that is shown.",
        "weight_decay": "AdamW's: each step shortens all weights by this part of the learning rate, so that they stay small.",
        "average": (
            "Decay, each step, of the averaged weights that are shown and kept, such as 0.98: they are quieter than the newest ones."
            " 0 keeps the newest."
        ),
        "channels": "Feature maps of each stage of convolutions, from the image inward; each stage halves height and width.",
        "hidden": (
            "Widths of the encoder's hidden layers from the image inward, such as 512,512; the decoder mirrors them, also where there is"
            " no encoder."
        ),
        "latent_dim": "Number of latent dimensions, the numbers in one code; beyond 2, the plane is a slice of latent space.",
        "sigma": (
            "Standard deviation of the Gaussian likelihood, pixels in 0..1; learned: one number for all pixels, by the same gradient."
            " Fixed, it makes σ²β the effective beta: SSE/2 + σ²β KL is the same objective."
        ),
        "precision": (
            "Of matrix products while training. bfloat16 keeps 8 significant bits and is faster where the processor has it;"
            " weights, sums and optimiser stay in float32."
        ),
        "device": "Where to train; auto takes a graphics processor where there is one.",
        "needs": "An estimate, beside the program itself and the open data set.",
        "epochs": "How often every training image is visited; one epoch visits each of them once.",
        "batch_size": "Images for one optimiser step.",
        "lr": "Learning rate: size of the optimiser's (Adam's) steps at the start.",
        "beta": "Weight of the KL against the reconstruction, both sums: the effective beta unless σ is fixed. 1 is the VAE itself.",
        "warmup_epochs": "Epochs over which the weight of the KL rises from 0 to β.",
        "clip_norm": "Gradients longer than this are shortened to it, so that one odd batch does not throw the weights far.",
        "validation": "Training images set aside to measure by, never trained on; empty: 10,000 of a set of MNIST's size, else a tenth.",
        "seed": "Start of all random numbers: two runs with equal settings, seed and machine are equal.",
        "schedule": "How the learning rate goes on: falling along a cosine to 0, or constant.",
        "binarize": (
            "Binarisation. Dynamic: each visit draws every pixel black or white with its grey level as probability, so the Bernoulli"
            " likelihood is a true one. None: grey pixels; the loss is then a cross-entropy, not a likelihood."
        ),
        "epoch": "Finished epochs of the run; one epoch visits every training image once.",
        "left": "Time left at the present speed.",
        "run": "How the run stands, and where its model is kept.",
        "speed": "Optimiser steps a second; each learns from one batch.",
        # The losses
        "total": "What training makes small: reconstruction + β × KL, nats per image; with β = 1 it is the negative ELBO.",
        "reconstruction": "−log p(x|z), summed over pixels: what it costs, in nats, to describe an image by its decoded picture.",
        "kl": "KL(q(z|x) ‖ p(z)), summed over latent dimensions: how far an image's posterior lies from the prior, in nats.",
        "log_likelihood_loss": "−log p(x) by this step's nodes, nats: an estimate from above, which steps down where nodes are added.",
        "mmd": "Maximum mean discrepancy between the codes of a batch and draws from the prior, which pulls all codes together to it.",
        "nats": "Nats per image, natural units of information (1 nat = 1.44 bits); smaller is better.",
        "validation_loss": "Dashed: on validation images, which are never trained on; if it alone rises, the model overfits.",
        "loss_axis": "Epochs since the run began.",
        "rate_distortion": (
            "Both terms of the bound against each other, where the run has been and is, with earlier runs on the same data and their β;"
            " press again for the losses."
        ),
        "rate": "Rate: the KL, nats per image, which a code costs beyond the prior; to the right, codes say more.",
        "distortion": "Distortion: −log p(x|z), nats per image, which the decoder's picture leaves open; lower is truer to the image.",
        "equal_bound": "Dashed lines: equal rate + distortion, the number at each; lower and further left is the better bound.",
        "rate_images": "Of which images both terms are: validation images, as soon as they have been measured, else training batches.",
        # The status line
        "count": "Codes on the plane, one for each image, and how many of them are in hidden classes.",
        "place": "z of the probe; on a globe its latitude and longitude too.",
        "cells": "Columns × rows of images that the mosaic has now.",
        "work": "What runs in the background.",
    }
)  # fmt: skip


def explain(term: str) -> str:
    """The sentence for a term of `GLOSSARY`, in lines for a tooltip."""
    return tip(GLOSSARY[term])


def term_label(text: str, term: str, *, muted: bool = True) -> QLabel:
    """A form's label that explains itself."""
    label = plain_label(text)
    label.setToolTip(explain(term))
    if muted:
        label.setProperty("role", "muted")
    return label


def explained(widget: QWidget, term: str, name: str = "") -> None:
    """Give a widget the term's sentence as its tooltip, and an accessible name where one is given."""
    widget.setToolTip(explain(term))
    if name:
        widget.setAccessibleName(name)
